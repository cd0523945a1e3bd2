import { statfsSync, statSync } from 'node:fs';
import type { Settings, Space } from '../settings/settings.js';
import { filesIn, type StoredFile, turn } from './census.js';
import { checkWritable, StorageError } from './directory.js';
import type { Layout } from './layout.js';
import { removeIfThere } from './lock.js';
import { removeVersion, unlessFilled } from './remove.js';
import { removeRetired } from './retire.js';
import { readUsage, usedBytes, writeUsage } from './usage.js';

export type Limits = Pick<Settings, 'cacheSize' | 'keepFree'>;

/**
 * So many files are looked at before those go that were not used for longest. A smaller cache is looked at as a whole. Of a
 * larger one this is a sample of whole shards, which are alike; one in 64 of it goes at once: the next fills find room.
 */
const SAMPLE = 2048;
const AT_ONCE = 64;

/** Left free in any case, for locks and records: without them nothing could be evicted. Bytes. */
const FOR_US = 65_536;

/**
 * Whether `more` bytes can have room; others may have to go for it.
 * @throws StorageError if not, or if the directory can't be written to
 */
export function checkSpace(layout: Layout, more: number, limits: Limits): void {
  checkWritable(layout.root);
  const { free, most, error } = spaceFor(layout, more, limits);
  // Twice: the figure may be too low.
  const hopeless = more > free && !readUsage(layout).includes(undefined) && more > free + 2 * usedBytes(layout);
  if (more > most || hopeless) throw error();
}

/**
 * Makes room for `more` bytes: what was not used for longest goes, but nothing whose lock somebody has. Any number of
 * processes may do so at once. @throws StorageError if there is no room
 */
export async function makeRoom(layout: Layout, more: number, limits: Limits): Promise<void> {
  removeRetired(layout);
  const lacks = () => {
    const { free, most } = spaceFor(layout, more, limits);
    return Math.max(more - free, most === Infinity ? 0 : usedBytes(layout) + more - most);
  };
  if (limits.cacheSize !== undefined && readUsage(layout).includes(undefined)) await count(layout, false);
  for (let before = Infinity; lacks() > 0; ) {
    const files = await count(layout, true);
    const lack = lacks();
    // What was seen counts, too: on a full disk nothing can be noted.
    const used = Math.max(usedBytes(layout), sizeOf(files));
    // All of it would not be enough; or what went keeps its room for a minute, or others took it.
    if (lack > used || lack >= before) throw spaceFor(layout, more, limits).error();
    await evict(files, lack);
    before = lack;
  }
}

/** Bytes that may still be written to the file system, bytes that all bodies may have, and what to say if that is too little. */
function spaceFor({ root }: Layout, more: number, { keepFree, cacheSize }: Limits) {
  const { bavail, blocks, bsize } = statfsSync(root);
  const bytesOf = (space: Space) => Math.round('bytes' in space ? space.bytes : space.share * blocks * bsize);
  const [free, keep] = [bavail * bsize, bytesOf(keepFree)];
  const most = cacheSize === undefined ? Infinity : bytesOf(cacheSize);
  const limit = most === Infinity ? '' : `, OffloadCacheSize allows ${most}`;
  const why = `${more} bytes don't fit: ${free} are free, OffloadKeepFree wants ${keep} left${limit}`;
  const error = () => new StorageError(`OffloadCacheDir ${root}: ${why}`);
  return { free: free - Math.max(keep, FOR_US), most, error };
}

function sizeOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Counts a sample, or of it only what nobody has counted yet; what it finds. */
async function count(layout: Layout, again: boolean): Promise<StoredFile[]> {
  const usage = readUsage(layout);
  const files: StoredFile[] = [];
  for (let number = 0, first = Math.random() * 256; number < 256 && files.length < SAMPLE; number++) {
    const shard = (first + number) & 255;
    if (!again && usage[shard] !== undefined) continue;
    const found = await filesIn(layout, shard);
    const bytes = sizeOf(found);
    if (bytes !== usage[shard]) writeUsage(layout, shard, bytes);
    files.push(...found);
  }
  return files;
}

/**
 * Removes, or retires, the oldest: at least so many bytes, if there are so many that may go. Of a sample only the older half
 * goes: there are older ones among what wasn't looked at.
 */
async function evict(files: StoredFile[], bytes: number): Promise<void> {
  const most = files.length < SAMPLE ? files.length : files.length / 2;
  let [left, atLeast] = [bytes, Math.floor(files.length / AT_ONCE)];
  for (const [number, file] of files.sort((a, b) => a.use - b.use).entries()) {
    if (number >= most || (left <= 0 && atLeast <= 0)) return;
    await turn(number);
    if (!evictFile(file)) continue;
    left -= file.bytes;
    atLeast--;
  }
}

/** False if it stays: somebody has used it since we looked, fills it, or has evicted it. */
function evictFile({ place, version, path, use }: StoredFile): boolean {
  let done = false;
  try {
    unlessFilled(place, version, () => {
      if (statSync(path).atimeMs > use) return;
      removeVersion(place, version);
      removeIfThere(place.verdict(version));
      done = true;
    });
  } catch {
    // It is gone, with its directory; or nothing can be changed there: then another must go.
  }
  return done;
}
