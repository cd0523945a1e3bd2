import { readFileSync } from 'node:fs';
import { readLines, splitWords } from './file';
import { directiveOf, variableOf } from './names';
import { directory } from './path';
import { settingsFile, type SettingsSource, variable } from './source';
import type { Setting } from './table';

/** The table's entry; by itself, as src/start.ts looks for it before the program, and so before its table, is compiled. */
export const CACHE_DIR: Setting<string> = {
  default: '/var/cache/offload',
  syntax: 'DIRECTORY',
  meaning: 'where the cache is',
  parse: directory,
};

/** The cache directory of a CGI, as `loadSettings` finds it; undefined if something about it is wrong, which only that one says. */
export function findCacheDir(source: SettingsSource): string | undefined {
  try {
    return directory((variable(source.env, variableOf('cacheDir')) ?? inFile(settingsFile(source).path) ?? CACHE_DIR.default ?? '').trim());
  } catch {
    return undefined;
  }
}

function inFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const wanted = directiveOf('cacheDir').toLowerCase();
  const last = readLines(readFileSync(path, 'utf8')).findLast(({ directive }) => directive.toLowerCase() === wanted);
  return last && splitWords(last.rest)?.join(' ');
}
