import { closeSync, fstatSync, type Stats } from 'node:fs';
import { StorageError } from './directory.js';
import type { Verdict } from './verdict.js';
import { sleep } from '../sleep.js';

/** The bytes of one version, on disk: all of them, or still arriving. */
export interface Source {
  readonly fd: number;
  /** Bytes of the whole body, there or not. */
  readonly length: number;
  /** Where the body lies, if all of it does: a web server can be told to send it. */
  readonly path?: string;
  /** How many bytes from `position` on may be read now. */
  available(position: number): number;
  /** Resolves when there are some. @throws ShortBody when they will not come */
  wait(position: number): Promise<void>;
  close(): void;
}

/** The rest of a body will not come; what was sent of it must not look complete. */
export class ShortBody extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict.reason);
  }
}

export class CompleteSource implements Source {
  constructor(
    readonly fd: number,
    readonly length: number,
    readonly path: string,
  ) {}

  available(position: number): number {
    return this.length - position;
  }

  wait(): Promise<void> {
    throw new ShortBody({ kind: 'storage', reason: 'the object has become shorter' });
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** What a growing source asks about the fill that it follows. */
export interface FillWatch {
  /** Sees to it that somebody fills: takes over from a dead owner. @throws ShortBody if nobody will, StorageError if nobody can */
  ensure(): void;
  /** The file now under the part's or body's name, if it is another than `inode` and may be read on from; else undefined. */
  reopen(inode: number): number | undefined;
  /** How many bytes of the file are right: on a network file system it may have gaps while another host writes it. */
  trusted(stats: Stats): number;
}

/** The first pause before another look at the file, in milliseconds: the first byte must not be late. */
const FIRST_PAUSE = 1;
/** Each is longer than the one before: what comes is late by half the time that passed, at most. */
const GROWTH = 1.5;
/** While it grows: many followers of a fast fill read much at a time instead of looking all the time. */
const PAUSE = 50;
/** While it stands still. */
const LONGEST_PAUSE = 100;
/** After so many milliseconds without a byte: is there still somebody who fills? That takes some more looks, at other files. */
const SILENCE = 200;

/** A part that somebody fills. A growing file only grows, and every byte in it is right. */
export class GrowingSource implements Source {
  #size = 0;
  #pause = FIRST_PAUSE;
  #closed = false;

  constructor(
    public fd: number,
    readonly length: number,
    private readonly watch: FillWatch,
  ) {}

  available(position: number): number {
    if (this.#size <= position) this.#size = Math.min(this.watch.trusted(fstatSync(this.fd)), this.length);
    return Math.max(0, this.#size - position);
  }

  async wait(position: number): Promise<void> {
    for (let silence = 0; ; ) {
      const now = this.#pause;
      await sleep(now);
      // The client has left meanwhile; the descriptor's number may be another file's by now.
      if (this.#closed) throw new ShortBody({ kind: 'base', reason: 'nobody waits any more' });
      this.#pause = Math.min(now * GROWTH, LONGEST_PAUSE);
      if (this.available(position) > 0) break;
      silence += now;
      if (silence < SILENCE) continue;
      this.#look(position);
      silence = 0;
    }
    this.#pause = Math.min(this.#pause, PAUSE);
  }

  /** Nothing has come for a while: is there still somebody who fills just this file? */
  #look(position: number): void {
    try {
      if (!this.#follow()) this.watch.ensure();
    } catch (error) {
      // It may have ended well between our two looks.
      if (this.available(position) > 0) return;
      throw error instanceof StorageError ? new ShortBody({ kind: 'storage', reason: error.message }) : error;
    }
  }

  /** Opens the file that has taken ours' place, if one has. */
  #follow(): boolean {
    const { nlink, ino } = fstatSync(this.fd);
    const fd = nlink === 0 ? this.watch.reopen(ino) : undefined;
    if (fd === undefined) return false;
    closeSync(this.fd);
    this.fd = fd;
    this.#size = 0;
    return true;
  }

  close(): void {
    this.#closed = true;
    closeSync(this.fd);
  }
}

