import {
  type Stats, closeSync, lstatSync, mkdirSync, openSync, readdirSync, realpathSync, rmdirSync, statSync, unlinkSync,
} from 'node:fs';
import { resolve, sep } from 'node:path';
import { codeOf } from './input.js';
import { Problem } from '../cli/problem.js';

/** What a run of {@link markTree} did. */
export interface Marked {
  readonly marked: number;
  readonly added: number;
  readonly removed: number;
}

/**
 * Makes `marks` a tree of empty files, one for each plain file below `root` of at least `minSize` bytes, by the same
 * path: what a configuration that can't ask for a size asks instead. Marks of files that are gone or small now go.
 * @throws {Problem} if a directory can't be read or written, or one lies in the other.
 */
export function markTree(root: string, marks: string, minSize: number): Marked {
  const [from, to] = [resolve(root), resolve(marks)];
  if (`${to}${sep}`.startsWith(`${from}${sep}`) || `${from}${sep}`.startsWith(`${to}${sep}`)) {
    throw new Problem(`--mark ${marks}`, `must lie outside ${root}, or clients could ask for the marks`);
  }
  const count = { marked: 0, added: 0, removed: 0 };
  try {
    if (!statSync(from).isDirectory()) throw new Problem(`--root ${root}`, 'is no directory');
    mkdirSync(to, { recursive: true });
    markDirectory(bytes(from), bytes(to), minSize, count, []);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`--mark ${marks}`, error instanceof Error ? error.message : codeOf(error));
  }
  return count;
}

type Count = { -readonly [Key in keyof Marked]: Marked[Key] };

/** Names are bytes: a file's name needs not be UTF-8. */
function bytes(path: string): Buffer {
  return Buffer.from(path);
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, bytes(sep), name]);
}

function markDirectory(from: Buffer, to: Buffer, minSize: number, count: Count, above: readonly string[]): boolean {
  const real = realpathSync(from, 'latin1' as BufferEncoding);
  const wanted = new Set<string>();
  const circle = above.includes(real); // a link to a directory above it
  for (const name of circle ? [] : namesIn(from)) {
    const source = below(from, name);
    const mark = below(to, name);
    const stat = statOf(source);
    const present = lstatSync(mark, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      if (present && !present.isDirectory()) remove(mark, count);
      mkdirSync(mark, { recursive: true });
      if (markDirectory(source, mark, minSize, count, [...above, real])) wanted.add(name.toString('latin1'));
    } else if (stat?.isFile() && stat.size >= minSize) {
      wanted.add(name.toString('latin1'));
      if (present && !present.isFile()) remove(mark, count);
      count.marked++;
      if (!present?.isFile()) {
        closeSync(openSync(mark, 'w', 0o644));
        count.added++;
      }
    }
  }
  for (const name of readdirSync(to, 'buffer')) {
    if (wanted.has(name.toString('latin1'))) continue;
    remove(below(to, name), count);
  }
  return wanted.size > 0;
}

function statOf(path: Buffer): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a link in a circle, or a directory that can't be searched
  }
}

/** What can't be read has no marks: the web server couldn't send it either. */
function namesIn(directory: Buffer): Buffer[] {
  try {
    return readdirSync(directory, 'buffer');
  } catch (error) {
    if (['EACCES', 'ENOENT'].includes(codeOf(error))) return [];
    throw error;
  }
}

/** Removes a mark, or a directory of marks. */
function remove(mark: Buffer, count: Count): void {
  if (!lstatSync(mark).isDirectory()) {
    unlinkSync(mark);
    count.removed++;
    return;
  }
  for (const name of readdirSync(mark, 'buffer')) remove(below(mark, name), count);
  rmdirSync(mark);
}
