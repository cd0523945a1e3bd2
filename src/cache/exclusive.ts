import { closeSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../errors.js';
import { draftIn } from './layout.js';

/**
 * A new file that has its content as soon as it has its name: of an empty lock nobody could tell whether its owner lives.
 * Its descriptor; undefined if there is such a file already. @throws other errors of the file system
 */
export function createWith(content: string, path: string): number | undefined {
  const draft = draftIn(dirname(path));
  const fd = openSync(draft, 'wx+', 0o600);
  try {
    writeSync(fd, content, 0, 'latin1');
    linkSync(draft, path);
    return fd;
  } catch (error) {
    closeSync(fd);
    if (codeOf(error) === 'EEXIST') return undefined;
    if (!NO_LINKS.has(codeOf(error))) throw error;
  } finally {
    remove(draft);
  }
  return createThenWrite(content, path);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The whole directory was removed: whoever has the lock will notice.
  }
}

/** What link(2) says where a file can't have two names: vfat, some network file systems. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function createThenWrite(content: string, path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'wx+', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  try {
    writeSync(fd, content, 0, 'latin1');
    return fd;
  } catch (error) {
    closeSync(fd);
    remove(path);
    throw error;
  }
}
