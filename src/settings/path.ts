import { resolve } from 'node:path';
import { BadValue } from './bad-value';

/** An absolute path of a directory, without `.`, `..` and a slash at the end. */
export function directory(text: string): string {
  const example = '/var/cache/offload';
  const path = absolute(text, example);
  if (path === '/') throw new BadValue('is the root directory', `a directory of its own, like ${example}`);
  return path;
}

/** Of a file or a directory. @throws BadValue that ends with the example */
export function absolute(text: string, example: string): string {
  if (!text.startsWith('/') || text.includes('\0')) throw new BadValue('not an absolute path', `one like ${example}`);
  return resolve(text);
}
