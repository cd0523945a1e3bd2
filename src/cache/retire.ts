import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileName } from '../file-name.js';
import type { Layout } from './layout.js';
import { removeIfThere } from './lock.js';
import { namesIn } from './record.js';
import { removeCounted } from './usage.js';
import { statIfThere } from '../stat.js';

/**
 * A web server that was told to send a file opens it a moment later; whoever removes the file in that moment would make
 * it a 404. So where files are handed over, a removed body keeps its name for this time, in milliseconds. Whoever has
 * it open already is not concerned.
 */
const GRACE = 60_000;

/** A body's last use, which every hand-over is, is noted this often, in milliseconds: the last is seen, and a crowd makes one write. */
export const USE_GRAIN = 1000;

/** Notes that a file of this cache is being handed over, at most twice in the time of grace. */
export function noteHandover({ handed }: Layout): void {
  try {
    if (age(handed) < GRACE / 2) return;
    writeFileSync(handed, '\n', { mode: 0o600 });
  } catch {
    // A read-only cache: nothing is removed there.
  }
}

/** Removes a body whose record is gone: now, or when no web server can be about to open it. @throws errors of the file system */
export function retire(layout: Layout, body: string): void {
  if (!isYoung(layout.handed) || age(body, 'atimeMs') > GRACE + USE_GRAIN) return removeCounted(layout, body);
  const path = layout.relative(body);
  const note = `${layout.retired}/${fileName(path)}`;
  if (isYoung(note) || !existsSync(body)) return;
  mkdirSync(layout.retired, { recursive: true, mode: 0o700 });
  writeFileSync(note, path, { encoding: 'latin1', mode: 0o600 });
}

/** Removes the bodies whose time of grace is over. */
export function removeRetired(layout: Layout): void {
  for (const name of namesIn(layout.retired)) {
    const note = `${layout.retired}/${name}`;
    try {
      if (isYoung(note)) continue;
      const body = `${layout.root}/${readFileSync(note, 'latin1')}`;
      // The base may have that version again: then it has a record again, and stays.
      if (!existsSync(body.replace(/\.body[^/]*$/, '.head'))) removeCounted(layout, body);
      removeIfThere(note);
    } catch {
      // Somebody else was quicker; or the next one tries again.
    }
  }
}

function isYoung(path: string): boolean {
  return age(path) < GRACE;
}

/** Milliseconds since the file's mtime (or atime), also if a clock was set back; Infinity if there is no such file. */
function age(path: string, time: 'mtimeMs' | 'atimeMs' = 'mtimeMs'): number {
  return Math.abs(Date.now() - (statIfThere(path)?.[time] ?? Infinity));
}
