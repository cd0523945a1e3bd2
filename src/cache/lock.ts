import { closeSync, existsSync, fstatSync, futimesSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { createWith } from './exclusive.js';
import { isAlive, ownerOf, type Owner } from './owner.js';
import { codeOf } from '../errors.js';
import { randomName } from '../random.js';
import { sleep } from '../sleep.js';

/** A living owner touches its lock this often, in milliseconds. */
export const BEAT = 1000;
/** An owner that hasn't for so long is dead or as good as dead (stopped, another host switched off), in milliseconds. */
const SILENCE = 10_000;
/** A lock without a claim for so long has an owner that was killed before it could write one, in milliseconds. */
const CLAIMLESS = 2000;
/** Or one whose file is older than this, for whoever looks just once; more than two hosts' clocks differ, in milliseconds. */
const OLD = 60_000;
/** Whoever looks only once goes by the clock: no two hosts' are so far apart, in milliseconds. */
const LONG_SILENCE = 3_600_000;
/** Locks are rewritten in place: of one size, so that no reader sees a shorter one. */
const SIZE = 512;

/** What a lock file says: who does the work, under which token, and whether the base has confirmed the version. */
interface Claim extends Owner {
  readonly token: string;
  readonly filling: boolean;
}

/** The locks that this process holds, by path. A thousand followers in the built-in server needn't read a file each. */
const held = new Map<string, Lock>();

/** Which lock a process is to adopt, and who took it. */
interface Ticket {
  readonly path: string;
  readonly number: number;
  readonly token: string;
  readonly by: number;
}

export type LockState =
  | { readonly state: 'free' | 'dead' }
  | { readonly state: 'held'; readonly token: string; readonly filling: boolean };

/**
 * A lock of ours. It says who should do the work, it never makes a byte right. A lock file is created under a name that
 * mustn't be there yet. A dead owner's is not removed (two who see it dead could remove each other's new one) but outbid:
 * `x.lock.1` after `x.lock`, again so created. The last one counts.
 */
export class Lock {
  private constructor(
    private readonly path: string,
    private readonly number: number,
    private readonly fd: number,
    private claim: Claim,
  ) {
    held.set(path, this);
  }

  /** Creates the lock file with this number; undefined if somebody else just did. @throws other errors of the file system */
  static create(path: string, number: number): Lock | undefined {
    const token = `${process.pid}-${Date.now()}-${randomName()}`;
    const claim: Claim = { ...ownerOf(process.pid), token, filling: false };
    const fd = createWith(stringify(claim), numbered(path, number));
    return fd === undefined ? undefined : new Lock(path, number, fd, claim);
  }

  /**
   * Opens a lock that another process took for this one, once it says so; undefined if it is no longer the same. Whoever
   * writes to it before `assign` does has it overwritten: followers then wait for a word that was said.
   */
  static async adopt({ path, number, token, by }: Ticket): Promise<Lock | undefined> {
    for (let pause = 1, waited = 0; waited < SILENCE; waited += pause, pause = Math.min(pause * 2, 64)) {
      try {
        const fd = openSync(numbered(path, number), 'r+');
        const claim = parseClaim(readFileSync(fd, 'latin1'));
        if (claim?.token === token && claim.pid !== by) return new Lock(path, number, fd, claim);
        closeSync(fd);
        if (claim?.token !== token) return undefined;
      } catch {
        return undefined; // gone: its owner was given up
      }
      await sleep(pause);
    }
    return undefined;
  }

  get token(): string {
    return this.claim.token;
  }

  get filling(): boolean {
    return this.claim.filling;
  }

  /** A dead owner had it before. */
  get outbids(): boolean {
    return this.number > 0;
  }

  /** What another process needs to `adopt` this lock. */
  get ticket(): Ticket {
    return { path: this.path, number: this.number, token: this.token, by: this.claim.pid };
  }

  /** Gives the lock to a child process, which adopts it. */
  assign(pid: number): void {
    this.#write(ownerOf(pid));
    this.#close();
  }

  /** Says that the base has confirmed the version: followers may send the growing file. */
  confirm(): void {
    this.#write({ filling: true });
  }

  /** Shows that the owner is alive. False if the lock was taken over meanwhile: stop the work. */
  beat(): boolean {
    const now = Date.now() / 1000;
    futimesSync(this.fd, now, now);
    const ours = this.#isOurs();
    if (!ours) this.#forget();
    return ours;
  }

  /** False if the lock was taken over meanwhile. Never throws: whoever releases is done, and could do nothing about it. */
  release(): boolean {
    let ours = false;
    try {
      ours = this.#isOurs();
      // In this order: who looks meanwhile finds our lock last, not a dead one.
      if (ours) for (let n = 0; n <= this.number; n++) removeIfThere(numbered(this.path, n));
    } catch {
      this.#disown();
    }
    this.#close();
    return ours;
  }

  /** The directory is read-only: the file stays, but names nobody that lives (this process may, for months). */
  #disown(): void {
    try {
      this.#write({ start: 'released' });
    } catch {
      // The whole file system is: nobody can take the lock meanwhile.
    }
  }

  #close(): void {
    this.#forget();
    closeSync(this.fd);
  }

  #forget(): void {
    if (held.get(this.path) === this) held.delete(this.path);
  }

  /** Not outbid, and not removed by one who outbid us and is done. */
  #isOurs(): boolean {
    return fstatSync(this.fd).nlink > 0 && !existsSync(numbered(this.path, this.number + 1));
  }

  #write(change: Partial<Claim>): void {
    this.claim = { ...this.claim, ...change };
    writeSync(this.fd, stringify(this.claim), 0, 'latin1');
  }
}

function stringify(claim: Claim): string {
  return JSON.stringify(claim).padEnd(SIZE);
}

/** One waiter's view of a lock. It remembers the last sign of life, as clocks of two hosts can't be compared. */
export class LockWatch {
  #next = 0;
  readonly #seen = new Map<number, { mtime: number; since: number }>();

  /** `heartbeat` false: the owners don't beat (they are blocked writing to a client); only their process counts. */
  constructor(
    private readonly path: string,
    private readonly heartbeat = true,
  ) {}

  look(): LockState {
    // Should it be outbid, its next beat shows that.
    const own = held.get(this.path);
    if (own !== undefined) return { state: 'held', token: own.token, filling: own.filling };
    for (let n = 0; ; n++) {
      this.#next = n;
      const claim = this.#examine(n);
      if (claim === 'absent') {
        // It was deleted by hand, or its owner is just releasing them: the last one counts.
        if (existsSync(numbered(this.path, n + 1)) || existsSync(numbered(this.path, n + 2))) continue;
        return { state: n === 0 ? 'free' : 'dead' };
      }
      if (claim === 'unreadable') return { state: 'held', token: '', filling: false };
      if (claim !== 'dead') return { state: 'held', token: claim.token, filling: claim.filling };
    }
  }

  /** Takes the lock if it is free or its owner dead; undefined if it is held. */
  acquire(): Lock | undefined {
    return this.look().state === 'held' ? undefined : Lock.create(this.path, this.#next);
  }

  #examine(n: number): Claim | 'absent' | 'unreadable' | 'dead' {
    let claim: Claim | undefined;
    let mtime: number;
    try {
      claim = parseClaim(readFileSync(numbered(this.path, n), 'latin1'));
      mtime = statSync(numbered(this.path, n)).mtimeMs;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'absent';
      throw error;
    }
    if (claim === undefined) {
      const old = Date.now() - mtime > OLD;
      return old || this.#isSilent(n, mtime, CLAIMLESS) ? 'dead' : 'unreadable';
    }
    const alive = isAlive(claim);
    if (alive === false) return 'dead';
    if (!this.heartbeat) return claim;
    const longDead = alive === undefined && Math.abs(Date.now() - mtime) > LONG_SILENCE;
    return longDead || this.#isSilent(n, mtime, SILENCE) ? 'dead' : claim;
  }

  #isSilent(n: number, mtime: number, most: number): boolean {
    // Monotonic; the global `performance` takes a millisecond to load.
    const now = process.uptime() * 1000;
    const seen = this.#seen.get(n);
    if (seen?.mtime !== mtime) {
      this.#seen.set(n, { mtime, since: now });
      return false;
    }
    return now - seen.since > most;
  }
}

function numbered(path: string, number: number): string {
  return number === 0 ? path : `${path}.${number}`;
}

function parseClaim(text: string): Claim | undefined {
  try {
    const { host, pid, start, token, filling } = JSON.parse(text) as Partial<Claim>;
    if (typeof host !== 'string' || typeof start !== 'string' || typeof token !== 'string') return undefined;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { host, pid, start, token, filling: filling === true };
  } catch {
    return undefined;
  }
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
