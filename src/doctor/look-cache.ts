import { accessSync, closeSync, constants, existsSync, fsyncSync, readFileSync, renameSync, rmSync, statfsSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { openCache, StorageError } from '../cache/directory.js';
import { createWith } from '../cache/exclusive.js';
import { draftIn, Layout } from '../cache/layout.js';
import { codeOf } from '../errors.js';
import type { Settings } from '../settings/settings.js';
import { error, type Finding, ok, warning } from './finding.js';

type CacheSettings = Pick<Settings, 'cacheDir' | 'keepFree'>;

/** The cache directory: whose it is, who may write there, what it can do. Nothing is left in it. */
export function* lookAtCache(settings: CacheSettings): Generator<Finding> {
  const { cacheDir } = settings;
  if (!existsSync(cacheDir)) {
    yield lookAtParent(cacheDir);
    return;
  }
  const owner = statSync(cacheDir).uid;
  const me = process.geteuid?.() ?? owner;
  if (me === 0 && owner !== 0) {
    const user = userName(owner);
    yield warning(`${cacheDir} belongs to ${user}, and this runs as root`, `sudo -u ${user} offload check looks at it as the script does`);
  } else {
    try {
      openCache(settings);
    } catch (problem) {
      if (!(problem instanceof StorageError)) throw problem;
      // Its own remedy is for whoever reads it in a log.
      yield error(problem.message.replace(/(?:; run as|\. Remedy:).*/, ''), `run offload check as the script's user; or give OffloadCacheDir a directory of its own: ${makeIt('/var/cache/offload')}`);
      return;
    }
  }
  yield* lookAtMode(cacheDir, owner);
  yield lookAtType(cacheDir);
  yield lookAtSpace(settings);
  yield* tryOut(cacheDir);
  yield lookAtTag(new Layout(cacheDir));
}

function lookAtParent(cacheDir: string): Finding {
  let parent = dirname(cacheDir);
  while (!existsSync(parent)) parent = dirname(parent);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch {
    return error(`${cacheDir} isn't there, and ${userName(process.geteuid?.() ?? 0)} can't make it`, makeIt(cacheDir));
  }
  return warning(`${cacheDir} isn't there yet; the first request would make it`, makeIt(cacheDir));
}

function makeIt(cacheDir: string): string {
  return `sudo install -d -o USER -m 700 ${cacheDir}, USER being who runs the script`;
}

function* lookAtMode(cacheDir: string, owner: number): Generator<Finding> {
  const mode = statSync(cacheDir).mode & 0o7777;
  const what = `${cacheDir} belongs to ${userName(owner)}, mode ${mode.toString(8).padStart(4, '0')}`;
  if ((mode & 0o022) === 0) yield ok(what);
  else yield (mode & 0o002 ? error : warning)(`${what}: others can change what is sent`, `chmod 700 ${cacheDir}`);
}

/** statfs(2): what a cache should know of its file system. */
const TYPES: { readonly [magic: number]: readonly [name: string, remark?: string, remedy?: string] } = {
  0xef53: ['ext4'],
  0x58465342: ['xfs'],
  0x9123683e: ['btrfs'],
  0xf2f52010: ['f2fs'],
  0x2fc12fc1: ['zfs'],
  0x01021994: ['tmpfs', 'it is memory, and empty after a restart', 'put OffloadCacheDir on a disk'],
  0x858458f6: ['ramfs', 'it is memory, and has no end', 'put OffloadCacheDir on a disk'],
  0x794c7630: ['overlayfs', "it is a container's layer, and goes with it", 'mount a volume there'],
  0x4d44: ['vfat', 'it has no links, no owners, and no files from 4 GB on', 'put OffloadCacheDir on another file system'],
  0x6969: ['NFS'],
  0x65735546: ['FUSE'],
};

function lookAtType(cacheDir: string): Finding {
  const magic = statfsSync(cacheDir).type >>> 0;
  const [name, remark, remedy] = TYPES[magic] ?? [`of type 0x${magic.toString(16)}`];
  return remark === undefined || remedy === undefined ? ok(`the file system is ${name}`) : warning(`the file system is ${name}: ${remark}`, remedy);
}

const GIB = 1024 ** 3;

function lookAtSpace({ cacheDir, keepFree }: CacheSettings): Finding {
  const { bavail, blocks, bsize, files, ffree } = statfsSync(cacheDir);
  const free = bavail * bsize;
  const keep = 'bytes' in keepFree ? keepFree.bytes : keepFree.share * blocks * bsize;
  const what = `${gib(free)} of ${gib(blocks * bsize)} are free, OffloadKeepFree keeps ${gib(keep)}`;
  if (free <= keep) return error(`${what}: nothing more is cached`, 'make room, or set OffloadKeepFree lower');
  if (files > 0 && ffree < files / 100) return warning(`${what}, but only ${ffree} inodes`, 'remove small files, or make the file system with more inodes');
  return free - keep < GIB ? warning(`${what}: little is left for the cache`, 'make room, or set OffloadKeepFree lower') : ok(what);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

/** Does what a fill does: a lock that only one can have, a body that gets its name, and its time, when it is whole. */
function* tryOut(cacheDir: string): Generator<Finding> {
  const [lock, body] = [draftIn(cacheDir), draftIn(cacheDir)];
  try {
    const fd = createWith('offload check', lock);
    const second = createWith('offload check', lock);
    if (fd !== undefined) {
      fsyncSync(fd);
      closeSync(fd);
    }
    if (second !== undefined) closeSync(second);
    if (fd === undefined || second !== undefined) {
      yield error('two processes can have one lock (O_EXCL and link don\'t exclude)', 'put OffloadCacheDir on another file system');
      return;
    }
    renameSync(lock, body);
    utimesSync(body, 1, 1);
    if (existsSync(lock) || statSync(body).mtimeMs !== 1000) yield error('a renamed file keeps its old name, or not its time', 'put OffloadCacheDir on another file system');
    else yield ok('files can be locked, written, flushed, dated and renamed there');
  } catch (problem) {
    yield error(`${cacheDir} can't be written to by ${userName(process.geteuid?.() ?? 0)} (${codeOf(problem)})`, WRITABLE[codeOf(problem)] ?? `chmod 700 ${cacheDir}, as its owner`);
  } finally {
    rmSync(lock, { force: true });
    rmSync(body, { force: true });
  }
}

const WRITABLE: { readonly [code: string]: string } = {
  EROFS: 'mount the file system for writing, or name another OffloadCacheDir',
  ENOSPC: 'make room on the file system: it has no byte, or no inode, left',
  EDQUOT: "raise the user's quota, or name another OffloadCacheDir",
};

function lookAtTag({ tag, urls }: Layout): Finding {
  if (existsSync(tag)) return ok('CACHEDIR.TAG tells backup programs to leave it out');
  if (!existsSync(urls)) return ok('the cache is empty; CACHEDIR.TAG comes with the first file');
  return warning('CACHEDIR.TAG is missing: backups will contain the cache', `write it anew, with the line of https://bford.info/cachedir/, as ${tag}`);
}

/** The name of a user, or `uid N`. */
function userName(uid: number): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((each) => each.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? `uid ${uid}`;
  } catch {
    return `uid ${uid}`;
  }
}
