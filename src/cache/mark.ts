import { closeSync, constants, copyFile, openSync, readFileSync, renameSync, type Stats, statSync, truncate, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { UrlPlace } from './layout.js';
import { removeIfThere } from './lock.js';
import { thisBoot } from './owner.js';
import { statIfThere } from '../stat.js';

/** Rewritten in place, of one size: no reader sees a shorter one, and it lies in one sector. */
const SIZE = 512;

/**
 * What is known of a part, beside it. A kernel that crashes, or loses its power, may leave a file that is as long as it
 * was, but has zeros or old blocks in it: the size of a part tells what is there only to those who share the page cache
 * with its writer. All others believe what was flushed before the mark was written.
 */
export interface Mark {
  /** The boot of the writer's kernel. */
  readonly boot: string;
  /** Of the part: a mark may outlive its file. */
  readonly inode: number;
  /** Bytes from the front that are on the disk. */
  readonly synced: number;
  /** The base's Date when it sent the first byte, milliseconds since 1970: whether a Last-Modified is strong for them. */
  readonly begun?: number | undefined;
}

export function readMark(place: UrlPlace, version: string): Mark | undefined {
  try {
    const { boot, inode, synced, begun } = JSON.parse(readFileSync(place.mark(version), 'latin1')) as Partial<Mark>;
    if (typeof boot !== 'string' || typeof inode !== 'number' || !Number.isSafeInteger(synced)) return undefined;
    return { boot, inode, synced: synced as number, begun: typeof begun === 'number' ? begun : undefined };
  } catch {
    return undefined;
  }
}

/** @throws errors of the file system */
export function writeMark(place: UrlPlace, version: string, mark: Mark): void {
  const fd = openSync(place.mark(version), constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, JSON.stringify(mark).padEnd(SIZE), 0, 'latin1');
  } finally {
    closeSync(fd);
  }
}

/** Whether the part was last written under this kernel: its page cache has all of it. */
export function isOurs(mark: Mark | undefined, { ino }: Pick<Stats, 'ino'>): boolean {
  return mark?.inode === ino && mark.boot === thisBoot();
}

/** How many bytes of a part may be continued from, or sent. */
export function trustedBytes(mark: Mark | undefined, { size, ino }: Pick<Stats, 'size' | 'ino'>): number {
  if (mark?.inode !== ino) return 0;
  return isOurs(mark, { ino }) ? size : Math.max(0, Math.min(size, mark.synced));
}

/**
 * Takes off a part what isn't known to be right, under its lock; resolves with its size. Not by shortening it: an owner
 * that was given up for dead may still write to it, and leave a gap. It gets a file of its own. @throws errors of the file
 * system
 */
export async function cutToTrusted(place: UrlPlace, version: string): Promise<number> {
  const part = place.part(version);
  const stats = statIfThere(part);
  if (stats === undefined) return 0;
  const mark = readMark(place, version);
  const trusted = trustedBytes(mark, stats);
  if (trusted === stats.size) return trusted;
  if (trusted === 0 || mark === undefined) {
    removeIfThere(part);
    return 0;
  }
  const draft = place.draft();
  try {
    await promisify(copyFile)(part, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await promisify(truncate)(draft, trusted);
    writeMark(place, version, { ...mark, boot: thisBoot(), inode: statSync(draft).ino, synced: 0 });
    renameSync(draft, part);
  } catch (error) {
    removeIfThere(draft);
    throw error;
  }
  return trusted;
}
