import { closeSync, fchmodSync, fsyncSync, futimesSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { VERSION } from '../version.js';
import type { Rules } from './directives.js';
import { MAX_CHOICE } from './choice.js';
import { Problem } from '../cli/problem.js';
import { bucketName, spread } from './spread.js';

/**
 * The text of Apache's RewriteMap: a line a bucket, its hosts best first. A host that isn't alive is left out, and so
 * its buckets go to the next in rendezvous order. All dead: "-", and the base serves the files itself.
 */
export function hostsMap(rules: Rules, alive: (href: string) => boolean): string {
  const order = spread(rules.hosts.filter(({ href }) => alive(href)), MAX_CHOICE);
  const lines = order.map((hosts, bucket) => `${bucketName(bucket)} ${hosts.map(({ href }) => href).join('|') || '-'}`);
  return `# Made by offload ${VERSION}; bucket, then hosts, best first. Written anew when a host dies or returns.\n${lines.join('\n')}\n`;
}

/**
 * Puts `text` in place of a file by rename, so that a reader sees the old file or the new one; not if it is the same.
 * @returns whether the file changed
 * @throws {Problem} if the directory can't be written
 */
export function replaceFile(path: string, text: string): boolean {
  if (contentOf(path) === text) return false;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'wx', 0o644);
    try {
      fchmodSync(file, 0o644); // Apache's user must read it, whatever the umask
      writeSync(file, text);
      // Apache tells a new map by its time alone, and file systems count in steps of milliseconds.
      const time = Math.max(Date.now(), Math.ceil(changedAt(path)) + 1) / 1000;
      futimesSync(file, time, time);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    return true;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new Problem(path, `can't be written (${error instanceof Error ? error.message : String(error)}); its directory must be there, and this user must be allowed to write to it`);
  }
}

/** When a file was changed last, in milliseconds; 0 if there is none. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What a file holds; undefined if there is none. */
export function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
