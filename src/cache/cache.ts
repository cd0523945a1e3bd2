import { closeSync, fstatSync, futimesSync, openSync, type Stats, statSync } from 'node:fs';
import type { Version } from '../base/version.js';
import type { Log } from '../log.js';
import type { Settings } from '../settings/settings.js';
import { StorageError } from './directory.js';
import type { Layout, UrlPlace } from './layout.js';
import { type Record, readRecords, touchRecord } from './record.js';
import { removeAll } from './remove.js';
import { USE_GRAIN } from './retire.js';
import { CompleteSource, GrowingSource, type Source } from './source.js';
import { type FillStarter, FillWaiter } from './waiter.js';
import { removeCounted } from './usage.js';
import { codeOf } from '../errors.js';
import { sleep } from '../sleep.js';
import { statIfThere } from '../stat.js';

/** How a body was found. */
export interface Found {
  readonly source: Source;
  /** `filled`: this request made somebody pull it; `followed`: somebody else's fill. */
  readonly how: 'hit' | 'filled' | 'followed';
}

/** The bodies on disk, by URL and version. */
export class Cache {
  constructor(
    private readonly layout: Layout,
    private readonly settings: Pick<Settings, 'base' | 'cacheSize' | 'keepFree'>,
    private readonly start: FillStarter,
    private readonly log: Log,
  ) {}

  place(path: string): UrlPlace {
    return this.layout.url(this.settings.base.href, path);
  }

  /** The complete body, if it is here. */
  open(path: string, version: Version): Source | undefined {
    const file = this.place(path).body(version.id);
    let fd: number;
    try {
      fd = openSync(file, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new StorageError(`${file}: cannot be opened: ${String(error)}`);
    }
    const stats = fstatSync(fd);
    if (stats.size === version.length) {
      noteUse(fd, stats);
      return new CompleteSource(fd, version.length, file);
    }
    closeSync(fd);
    this.log.warn(`${file}: has ${stats.size} bytes instead of ${version.length}: removed, will be pulled anew`);
    removeCounted(this.layout, file);
    return undefined;
  }

  /**
   * The body, complete or growing; a fill is started if there is none. Resolves as soon as a body of just this
   * version is on its way. `asked`: when the base said that this is the version, milliseconds since 1970; `until`: so
   * many bytes of it are wanted, from the first on.
   * @throws ShortBody with the verdict if the fill gave up, StorageError if it can't be kept here
   */
  async obtain(path: string, version: Version, asked: number, until: number): Promise<Found> {
    const whole = this.open(path, version);
    if (whole !== undefined) return { source: whole, how: 'hit' };
    const waiter = this.#waiter(path, version, asked, until);
    for (let waited = 0, pause = 1; ; pause = nextPause(waited)) {
      const state = waiter.ensure();
      // Once it is whole, its owner may still be making room for it.
      const source = (state === 'filling' ? openPart(waiter, version) : undefined) ?? this.open(path, version);
      if (source !== undefined) return { source, how: waiter.started ? 'filled' : 'followed' };
      await sleep(pause);
      waited += pause;
    }
  }

  /** Lets a fill bring the first `until` bytes, unless one runs; nobody waits for it. Arguments as for `obtain`. */
  advance(path: string, version: Version, asked: number, until: number): void {
    try {
      this.#waiter(path, version, asked, until).ensure();
    } catch (error) {
      this.log.debug(`${path}: not filled: ${String(error)}`);
    }
  }

  #waiter(path: string, version: Version, asked: number, until: number): FillWaiter {
    const { layout, settings, start, log } = this;
    return new FillWaiter({ layout, place: this.place(path), path, version, asked, until, settings, start, log });
  }

  /** How many bytes are here of a version, from the first on. */
  reach(path: string, version: Version): number {
    const place = this.place(path);
    const whole = this.has(path, version);
    return whole ? version.length : (statIfThere(place.part(version.id))?.size ?? 0);
  }

  /** What the base last said of this URL's body that is here or on its way; undefined if there is none. */
  newest(path: string): Record | undefined {
    return readRecords(this.place(path), path)[0];
  }

  /** The same of a body that is here whole; an older one, if the newest is still on its way. */
  newestWhole(path: string): Record | undefined {
    return readRecords(this.place(path), path).find(({ version }) => this.has(path, version));
  }

  has(path: string, version: Version): boolean {
    try {
      return statSync(this.place(path).body(version.id)).size === version.length;
    } catch {
      return false;
    }
  }

  /** Whether another version than this is, or was lately, here. */
  hasOther(path: string, version: Version): boolean {
    try {
      return readRecords(this.place(path), path).some((record) => record.version.id !== version.id);
    } catch {
      // It is only asked for Cache-Status.
      return false;
    }
  }

  record(path: string, id: string): Record | undefined {
    return readRecords(this.place(path), path).find(({ version }) => version.id === id);
  }

  /** Notes that the base has just confirmed a version that is here, unless it did so `grain` milliseconds ago or later. */
  validated(path: string, record: Record, grain: number): void {
    const place = this.place(path);
    try {
      const last = statIfThere(place.head(record.version.id))?.mtimeMs ?? -Infinity;
      if (Math.abs(record.validated - last) >= grain) touchRecord(place, path, record);
    } catch (error) {
      this.log.warn(`cannot note the validation of ${path}: ${String(error)}`);
    }
  }

  /** The base says that the URL is gone. @throws errors of the file system */
  forget(path: string): void {
    removeAll(this.place(path));
  }
}

/** Milliseconds until the next look for a fill's first bytes: late by a tenth of the wait, but many may wait for a slow base. */
function nextPause(waited: number): number {
  return waited < 8 ? waited + 1 : Math.min(Math.max(8, waited / 10), 100);
}

function openPart(waiter: FillWaiter, version: Version): Source | undefined {
  const fd = waiter.openPart();
  return fd === undefined ? undefined : new GrowingSource(fd, version.length, waiter);
}

/** The atime is ours, so that last use is known whatever the file system is mounted with; the mtime stays the base's. */
function noteUse(fd: number, { atimeMs, mtimeMs }: Stats): void {
  const now = Date.now();
  if (Math.abs(now - atimeMs) < USE_GRAIN) return;
  try {
    futimesSync(fd, now / 1000, mtimeMs / 1000);
  } catch {
    // A read-only cache still serves.
  }
}
