import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, UrlPlace } from '../cache/layout.js';
import type { Settings } from '../settings/settings.js';

/** Space, in bytes. */
export interface Disk {
  /** Of the bodies, whole and growing; null if nobody may look. */
  readonly cache: number | null;
  /** That they may have; null: what the file system has. */
  readonly limit: number | null;
  readonly free: number;
  readonly total: number;
  /** OffloadKeepFree. */
  readonly keepFree: number;
}

/** So many files are looked at, in milliseconds; of a larger cache the rest is taken to be alike. */
const SAMPLE = 4096;

/** Undefined if the cache directory isn't there. */
export function diskOf(layout: Layout, { keepFree }: Pick<Settings, 'keepFree'>): Disk | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(layout.root);
    const total = blocks * bsize;
    const keep = 'bytes' in keepFree ? keepFree.bytes : keepFree.share * total;
    return { cache: sampled(layout), limit: null, free: bavail * bsize, total, keepFree: Math.round(keep) };
  } catch {
    return undefined;
  }
}

function sampled({ urls }: Layout): number | null {
  try {
    const shards = namesIn(urls).flatMap((origin) => namesIn(join(urls, origin)).map((shard) => join(urls, origin, shard)));
    const first = Math.floor(Math.random() * shards.length);
    let files = 0;
    let bytes = 0;
    let looked = 0;
    for (; looked < shards.length && files < SAMPLE; looked++) {
      const shard = shards[(first + looked) % shards.length] ?? '';
      for (const url of namesIn(shard)) {
        for (const name of namesIn(join(shard, url))) {
          files++;
          if (/^(?:body|part)$/.test(UrlPlace.parse(name)?.kind ?? '')) bytes += statSync(join(shard, url, name), { throwIfNoEntry: false })?.size ?? 0;
        }
      }
    }
    return looked === 0 ? 0 : Math.round((bytes * shards.length) / looked);
  } catch {
    return null;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
