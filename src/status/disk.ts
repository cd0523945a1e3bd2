import { readdirSync, statfsSync } from 'node:fs';
import { codeOf } from '../errors.js';
import { type Layout, UrlPlace } from '../cache/layout.js';
import { readUsage, usedBytes } from '../cache/usage.js';
import type { Settings } from '../settings/settings.js';
import { statIfThere } from '../stat.js';

/** Space, in bytes. */
export interface Disk {
  /** Of the bodies, whole and growing; null if nobody may look. */
  readonly cache: number | null;
  /** That they may have (OffloadCacheSize); null: what the file system has. */
  readonly limit: number | null;
  readonly free: number;
  readonly total: number;
  /** OffloadKeepFree. */
  readonly keepFree: number;
}

/** Where nobody has counted, so many files are looked at; of a larger cache the rest is taken to be alike. */
const SAMPLE = 4096;
const SHARDS = 256;

/** Undefined if the cache directory isn't there. */
export function diskOf(layout: Layout, { keepFree, cacheSize }: Pick<Settings, 'keepFree' | 'cacheSize'>): Disk | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(layout.root);
    const total = blocks * bsize;
    const bytesOf = (space: Settings['keepFree']) => Math.round('bytes' in space ? space.bytes : space.share * total);
    const limit = cacheSize === undefined ? null : bytesOf(cacheSize);
    return { cache: cacheBytes(layout), limit, free: bavail * bsize, total, keepFree: bytesOf(keepFree) };
  } catch {
    return undefined;
  }
}

function cacheBytes(layout: Layout): number | null {
  try {
    return readUsage(layout).includes(undefined) ? sampled(layout) : usedBytes(layout);
  } catch {
    return null;
  }
}

function sampled(layout: Layout): number {
  const first = Math.floor(Math.random() * SHARDS);
  let files = 0;
  let bytes = 0;
  let shards = 0;
  for (; shards < SHARDS && files < SAMPLE; shards++) {
    for (const directory of layout.urlDirectories((first + shards) % SHARDS, namesIn)) {
      for (const name of namesIn(directory)) {
        files++;
        if (/^(?:body|part)$/.test(UrlPlace.parse(name)?.kind ?? '')) bytes += statIfThere(`${directory}/${name}`)?.size ?? 0;
      }
    }
  }
  return Math.round((bytes * SHARDS) / shards);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
