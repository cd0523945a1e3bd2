import { lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../cli/problem.js';
import { openCache } from '../cache/directory.js';
import { type Layout, UrlPlace } from '../cache/layout.js';
import { namesIn, type Record, readRecords } from '../cache/record.js';
import { fileName } from '../file-name.js';
import type { Settings } from '../settings/settings.js';

/** All about one URL of the base that the cache has something of. */
export interface Entry {
  readonly place: UrlPlace;
  /** The path that was asked for, one character a byte; undefined if no record tells it. */
  readonly path: string | undefined;
  readonly names: readonly string[];
  /** The last validated first. */
  readonly records: readonly Record[];
}

/** A whole body with its record. */
export interface CachedFile {
  readonly path: string;
  readonly place: UrlPlace;
  readonly record: Record;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastUse: number;
}

/** The cache of these settings. It is never made: by another user's hand it would be in the web server's way. @throws Problem, StorageError */
export function openUsedCache({ cacheDir }: Pick<Settings, 'cacheDir'>): Layout {
  if (lstatSync(cacheDir, { throwIfNoEntry: false }) === undefined) {
    throw new Problem(`OffloadCacheDir ${cacheDir}`, 'is not there; name the right one (--cache-dir, OFFLOAD_CACHE_DIR, offload.conf), or nothing was cached yet');
  }
  return openCache({ cacheDir });
}

/** The directories of all URLs of this base, in the order of the disk. */
export function* urlDirectories(layout: Layout, { base }: Pick<Settings, 'base'>): Generator<string> {
  const origin = fileName(base.href);
  for (let shard = 0; shard < 256; shard++) {
    yield* layout.urlDirectories(shard, namesIn).filter((directory) => basename(dirname(dirname(directory))) === origin);
  }
}

/** What is in the directory of a URL. */
export function readEntry(layout: Layout, { base }: Pick<Settings, 'base'>, directory: string): Entry {
  const names = namesIn(directory);
  for (const name of names) {
    const path = UrlPlace.parse(name)?.kind === 'head' ? pathIn(join(directory, name)) : undefined;
    if (path === undefined) continue;
    const place = layout.url(base.href, path);
    if (place.directory === directory) return { place, path, names, records: readRecords(place, path) };
  }
  const body = names.find((name) => UrlPlace.parse(name)?.kind === 'body') ?? '';
  return { place: new UrlPlace(layout, directory, body), path: undefined, names, records: [] };
}

function pathIn(head: string): string | undefined {
  try {
    const { url } = JSON.parse(readFileSync(head, 'latin1')) as { url?: unknown };
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The whole body that the next request would get, if there is one. */
export function fileOf({ place, path, records }: Entry): CachedFile | undefined {
  if (path === undefined) return undefined;
  for (const record of records) {
    const stats = statSync(place.body(record.version.id), { throwIfNoEntry: false });
    if (stats?.size === record.version.length) return { path, place, record, bytes: stats.size, lastUse: stats.atimeMs };
  }
  return undefined;
}
