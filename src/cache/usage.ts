import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { codeOf } from '../errors.js';
import type { Layout } from './layout.js';
import { statIfThere } from '../stat.js';

/**
 * How many bytes each of the 256 shards holds, all origins together: bodies, and parts that nobody fills. Undefined if
 * nobody has counted it, or what the file says is garbled.
 */
export function readUsage({ usage }: Layout): (number | undefined)[] {
  const figures = new Float64Array(256);
  try {
    readFileSync(usage).copy(Buffer.from(figures.buffer));
  } catch {
    // Nobody has counted yet.
  }
  // One more than it is: 0 is what a hole in a file has.
  return Array.from(figures, (figure) => (figure > 0 && Number.isSafeInteger(figure) ? figure - 1 : undefined));
}

/** Bytes in the cache; shards that nobody has counted yet are taken to be like the others. */
export function usedBytes(layout: Layout): number {
  const known = readUsage(layout).filter((bytes) => bytes !== undefined);
  return known.reduce((sum, bytes) => sum + bytes, 0) * (256 / (known.length || 1));
}

/**
 * Notes that a file has come (`bytes` > 0), or gone. Two processes may do so at once, and one addition is lost; or a process
 * is killed before it does: whoever evicts counts anew, so what is wrong doesn't stay.
 */
export function noteUsage(layout: Layout, file: string, bytes: number): void {
  if (bytes === 0) return;
  const shard = layout.shardOf(file);
  const before = readUsage(layout)[shard];
  if (before !== undefined) writeUsage(layout, shard, Math.max(0, before + bytes));
}

export function writeUsage({ usage }: Layout, shard: number, bytes: number): void {
  try {
    const fd = openSync(usage, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      writeSync(fd, new Float64Array([bytes + 1]), 0, 8, shard * 8);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Read-only, full: only figures are wrong.
  }
}

/** Removes a file that is counted. @throws errors of the file system */
export function removeCounted(layout: Layout, file: string): void {
  const size = statIfThere(file)?.size ?? 0;
  try {
    unlinkSync(file);
    noteUsage(layout, file, -size);
  } catch (error) {
    // Not there, or somebody else was quicker, and notes it.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
