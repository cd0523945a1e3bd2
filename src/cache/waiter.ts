import { closeSync, existsSync, fstatSync, openSync, type Stats } from 'node:fs';
import type { Version } from '../base/version.js';
import { isStrong } from '../http/etag.js';
import type { Log } from '../log.js';
import { makePlace, StorageError } from './directory.js';
import type { Layout, UrlPlace } from './layout.js';
import { type Lock, LockWatch } from './lock.js';
import { isOurs, readMark, trustedBytes } from './mark.js';
import { type FillWatch, ShortBody } from './source.js';
import { partSize } from './remove.js';
import { checkSpace, type Limits } from './space.js';
import { readVerdict, removeVerdict } from './verdict.js';
import { codeOf } from '../errors.js';
import { statIfThere } from '../stat.js';

/** A fill to be done: whoever runs it owns the lock and releases it. */
export interface FillJob {
  readonly path: string;
  readonly version: Version;
  /** So many bytes of the body are asked for: from there on the fill may stop, for another to continue. */
  readonly until: number;
  readonly lock: Lock;
}

/** Runs a fill: in a detached child, or in this process. Returns at once. @throws StorageError if it can't be started */
export type FillStarter = (job: FillJob) => void;

interface Wanted {
  readonly layout: Layout;
  readonly place: UrlPlace;
  readonly path: string;
  readonly version: Version;
  /** When the base said that this is the version, milliseconds since 1970. */
  readonly asked: number;
  /** So many bytes of it are asked for. */
  readonly until: number;
  readonly settings: Limits;
  readonly start: FillStarter;
  readonly log: Log;
}

/** A waiter starts so many fills in a row that end without a word and without a byte, before it gives up. */
const MOST_IN_VAIN = 3;

/** One request that needs a body which isn't complete: it sees to it that exactly one process fills. */
export class FillWaiter implements FillWatch {
  readonly #lock: LockWatch;
  /** Of the fills that this request has waited for. */
  readonly #tokens = new Set<string>();
  #fills = 0;
  #inVain = 0;
  /** Bytes that were there when a fill was last started. */
  #size = 0;
  /** The part that a process of this kernel writes, when last looked. */
  #ours: number | undefined;
  #lookAgain = true;

  constructor(private readonly wanted: Wanted) {
    this.#lock = new LockWatch(wanted.place.lock(wanted.version.id));
  }

  get started(): boolean {
    return this.#fills > 0;
  }

  /**
   * What the fill is doing: its owner asks the base, fills, or is done. Starts a fill, or takes over from a dead owner.
   * @throws ShortBody if the fill that was waited for gave up, StorageError if none can be started
   */
  ensure(): 'asking' | 'filling' | 'done' {
    const { place, version, asked } = this.wanted;
    // Somebody elsewhere may go on with it.
    this.#lookAgain = true;
    const state = this.#lock.look();
    if (state.state === 'held') {
      this.#tokens.add(state.token);
      return state.filling ? 'filling' : 'asking';
    }
    // Looked for after the lock: an owner names the body, or writes its verdict, before it releases.
    if (existsSync(place.body(version.id))) return 'done';
    const verdict = readVerdict(place, version.id, this.#tokens, asked);
    if (verdict !== undefined) throw new ShortBody(verdict);
    this.#countInVain();
    this.#begin(state.state === 'dead');
    return 'asking';
  }

  /** However often an owner is killed: as long as the body grows it is worth to go on. */
  #countInVain(): void {
    const { place, version } = this.wanted;
    const size = partSize(place, version.id);
    if (size > this.#size) this.#inVain = 0;
    this.#size = size;
    if (this.#inVain === MOST_IN_VAIN) {
      throw new ShortBody({ kind: 'storage', reason: `${MOST_IN_VAIN} fills ended without a byte` });
    }
  }

  openPart(): number | undefined {
    return openOrUndefined(this.wanted.place.part(this.wanted.version.id));
  }

  trusted(stats: Stats): number {
    const wasOurs = this.#ours === stats.ino;
    if (wasOurs && !this.#lookAgain) return stats.size;
    const { place, version } = this.wanted;
    const mark = readMark(place, version.id);
    if (mark?.inode === stats.ino) {
      this.#ours = isOurs(mark, stats) ? stats.ino : undefined;
      this.#lookAgain = false;
      return trustedBytes(mark, stats);
    }
    // The mark is gone: the body is complete, flushed before it had this name, or removed.
    if (wasOurs) return stats.size;
    return statIfThere(place.body(version.id))?.ino === stats.ino ? stats.size : 0;
  }

  reopen(inode: number): number | undefined {
    const { place, version } = this.wanted;
    const fd = this.openPart() ?? openOrUndefined(place.body(version.id));
    if (fd === undefined) return undefined;
    if (fstatSync(fd).ino !== inode && isStrong(version.etag)) return fd;
    closeSync(fd);
    // Without a strong validator the bytes sent so far may be others than those in the new file.
    throw new ShortBody({ kind: 'base', reason: 'the body was pulled anew and need not be the same' });
  }

  #begin(takeover: boolean): void {
    const { place, path, version, until, start, log } = this.wanted;
    const lock = this.#prepare();
    if (lock === undefined) return;
    // Somebody may have finished between our look and our lock.
    if (existsSync(place.body(version.id))) {
      lock.release();
      return;
    }
    this.#tokens.add(lock.token);
    this.#fills++;
    this.#inVain++;
    if (takeover) log.warn(`the process that filled ${path} died: taking over`);
    try {
      removeVerdict(place, version.id);
      start({ path, version, until, lock });
    } catch (error) {
      lock.release();
      throw error instanceof StorageError ? error : new StorageError(String(error));
    }
  }

  #prepare(): Lock | undefined {
    const { layout, place, version, settings } = this.wanted;
    try {
      checkSpace(layout, version.length - partSize(place, version.id), settings);
      makePlace(layout, place);
      return this.#lock.acquire();
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(`${place.directory}: ${String(error)}`);
    }
  }
}

function openOrUndefined(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StorageError(`${path}: cannot be opened: ${String(error)}`);
  }
}
