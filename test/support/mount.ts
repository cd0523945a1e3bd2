import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { atEnd, type Cleanup } from './place.js';

/** A file system of its own, of a few bytes, at `dir`; taken away with the test. Why not, if it can't be had (only root can). */
export function mountTmpfs(t: Cleanup, dir: string, options: string): string | undefined {
  mkdirSync(dir, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `${options},mode=0700`, 'offload-test', dir], { stdio: 'pipe' });
  } catch (error) {
    return `no tmpfs can be mounted here (needs root): ${String(error)}`;
  }
  atEnd(t, () => execFileSync('umount', ['-l', dir]));
  return undefined;
}
