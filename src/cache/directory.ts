import { accessSync, constants, lstatSync, mkdirSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../settings/settings.js';
import { Layout, type UrlPlace } from './layout.js';
import { codeOf } from '../errors.js';

/** The cache cannot be used or cannot take this body; the message names the place and the remedy. */
export class StorageError extends Error {}

const TAG =
  'Signature: 8a477f597d28d172789f06886806bc55\n' +
  '# This is a cache of offload: https://bford.info/cachedir/\n';

/** Opens the cache directory, made with mode 0700 if it isn't there. @throws StorageError if it can't or mustn't be used */
export function openCache({ cacheDir }: Pick<Settings, 'cacheDir'>): Layout {
  const layout = new Layout(cacheDir);
  let found = statOrUndefined(cacheDir, lstatSync);
  if (found === undefined) {
    createCache(layout);
    found = statOrUndefined(cacheDir, lstatSync);
  }
  checkOwner(cacheDir, found?.isSymbolicLink() === true ? linkTarget(cacheDir) : found);
  return layout;
}

function createCache(layout: Layout): void {
  const { root } = layout;
  attempt(root, () => {
    mkdirSync(dirname(root), { recursive: true });
    mkdirSync(root, { mode: 0o700 });
  });
  writeTag(layout);
}

/** Makes the place of a URL; before the first one, the tag of a directory that somebody else had made. */
export function makePlace(layout: Layout, place: UrlPlace): void {
  if (mkdirSync(place.directory, { recursive: true, mode: 0o700 }) === layout.urls) writeTag(layout);
}

function writeTag({ root, tag }: Layout): void {
  attempt(root, () => writeFileSync(tag, TAG, { flag: 'wx', mode: 0o600 }));
}

function attempt(root: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    // Another process has just made it.
    if (codeOf(error) === 'EEXIST') return;
    throw unusable(
      root, `cannot be created by ${whoami()} (${codeOf(error)}); create it and give it to that user`,
    );
  }
}

function linkTarget(root: string): Stats | undefined {
  if ((statOrUndefined(dirname(root), statSync)?.mode ?? 0) & 0o002) {
    throw unusable(root, `is a symbolic link in a directory that everyone can write to; refused`);
  }
  return statOrUndefined(root, statSync);
}

/** Who may write here may put wrong bytes into every answer: only we may. */
function checkOwner(root: string, stats: Stats | undefined): void {
  if (stats?.isDirectory() !== true) throw unusable(root, 'is not a directory');
  const me = process.geteuid?.();
  if (me !== undefined && stats.uid !== me) {
    throw unusable(
      root, `belongs to uid ${stats.uid}, but this is ${whoami()}; run as its owner or chown it`,
    );
  }
  if (stats.mode & 0o002) {
    throw unusable(root, `everyone can write to it; refused. Remedy: chmod 0700 ${root}`);
  }
}

/** @throws StorageError if nothing can be added to the cache */
export function checkWritable(root: string): void {
  try {
    accessSync(root, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(root, `not writable by ${whoami()} (${codeOf(error)})`);
  }
}

function statOrUndefined(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unusable(path, `cannot be looked at by ${whoami()} (${codeOf(error)})`);
  }
}

function whoami(): string {
  return `uid ${process.geteuid?.() ?? '?'}`;
}

function unusable(root: string, why: string): StorageError {
  return new StorageError(`OffloadCacheDir ${root}: ${why}`);
}
