import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, renameSync, type Stats, statfsSync, unlinkSync, writeSync } from 'node:fs';
import type { Script } from 'node:vm';
import { codeFile, draftIn, isCodeFile } from '../../cache/layout.js';

const DAY = 86_400_000;
/** What other programs and other Nodes left, in milliseconds. */
const STALE = 30 * DAY;
/** Bytes that must be free: a disk is for files, and one that is full to its end could not even be cleared. */
const SPARE = 2 ** 24;

/**
 * What V8 made of this program's text (vm.Script's `cachedData`), kept in the cache directory: compiling it anew is a
 * fifth of what a warm hit costs. V8 itself refuses what another V8 made, and compiles.
 */
export class Compiled {
  readonly #path: string;
  /** It should be kept anew: there is none, or it is a day old, and may lack what requests have needed since. */
  isDue = true;

  /** `program`: a hash of the text, of which V8 itself only compares the length. */
  constructor(
    private readonly cacheDir: string,
    program: string,
  ) {
    this.#path = codeFile(cacheDir, `${program}-${process.versions.node}-${process.arch}`);
  }

  /** Undefined if there is none, or none that may be run: it is code, so nobody else may have been able to write it. */
  read(): Buffer | undefined {
    try {
      return isOursAlone(lstatSync(this.cacheDir)) ? sameHalves(this.#readOurs()) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Not by `readFileSync`: a hit needs these functions anyway, and Node compiles each at its first call. */
  #readOurs(): Buffer {
    const fd = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(fd);
      this.isDue = Date.now() - stats.mtimeMs > DAY;
      const bytes = Buffer.allocUnsafeSlow(isOursAlone(stats) ? stats.size : 0);
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(fd);
    }
  }

  /** Best called when most of what is needed has run: only what has run is compiled. Never throws. */
  keep(script: Script): void {
    const draft = draftIn(this.cacheDir);
    try {
      if (!isOursAlone(lstatSync(this.cacheDir))) return;
      const { bavail, bsize } = statfsSync(this.cacheDir);
      if (bavail * bsize < SPARE) return;
      const code = script.createCachedData();
      const fd = openSync(draft, 'wx', 0o600);
      try {
        // A quota shows itself only now.
        if (writeSync(fd, code) + writeSync(fd, code) < 2 * code.length) throw new Error();
      } finally {
        closeSync(fd);
      }
      renameSync(draft, this.#path);
      this.#removeStale();
    } catch {
      // A full or read-only disk: then each request compiles.
      remove(draft);
    }
  }

  #removeStale(): void {
    for (const name of readdirSync(this.cacheDir)) {
      const path = `${this.cacheDir}/${name}`;
      if (isCodeFile(name) && Date.now() - lstatSync(path).mtimeMs > STALE) unlinkSync(path);
    }
  }
}

function isOursAlone({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** V8 checks no sum, and runs what a disk or a power cut made of it; a sum of our own would take longer than comparing two copies. */
function sameHalves(both: Buffer): Buffer | undefined {
  const half = both.subarray(0, both.length / 2);
  return half.length > 0 && half.equals(both.subarray(both.length / 2)) ? half : undefined;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never there.
  }
}
