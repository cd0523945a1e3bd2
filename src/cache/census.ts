import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, UrlPlace } from './layout.js';
import { namesIn } from './record.js';
import { statIfThere } from '../stat.js';

/** A body, or a part of one, that takes room. */
export interface StoredFile {
  readonly place: UrlPlace;
  readonly version: string;
  readonly path: string;
  /** 0 for what is being filled. */
  readonly bytes: number;
  /** When it was last used, in milliseconds since 1970. */
  readonly use: number;
}

/** After so many of something others get a turn: the built-in server must go on answering. */
const TURN = 64;

/** What takes room in one shard, of all origins. Empty directories are removed. @throws errors of the file system */
export async function filesIn(layout: Layout, shard: number): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for (const [number, directory] of layout.urlDirectories(shard, namesIn).entries()) {
    await turn(number);
    const names = namesIn(directory);
    if (names.length === 0) removeEmpty(directory);
    for (const name of names) {
      const { version = '', kind } = UrlPlace.parse(name) ?? {};
      if (kind !== 'body' && kind !== 'part') continue;
      const path = join(directory, name);
      const stats = statIfThere(path);
      if (stats === undefined) continue;
      const place = new UrlPlace(layout, directory, name);
      const isFilled = kind === 'part' && existsSync(place.lock(version));
      files.push({ place, version, path, bytes: isFilled ? 0 : stats.size, use: stats.atimeMs });
    }
  }
  return files;
}

/** In a long loop, with the number of its round. */
export async function turn(round: number): Promise<void> {
  if (round % TURN === TURN - 1) await new Promise(setImmediate);
}

export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Somebody has just put something there.
  }
}
