import { type Stats, statSync } from 'node:fs';

/** What is under this path; undefined if nothing is. @throws other errors of the file system */
export function statIfThere(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
