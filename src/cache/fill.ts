import { mkdirSync, renameSync } from 'node:fs';
import { type Base, BaseError, type BodyAnswer, type Part } from '../base/base.js';
import { judge } from '../base/judge.js';
import type { Version } from '../base/version.js';
import { isStrongDate } from '../http/conditions.js';
import { parseHttpDate } from '../http/date.js';
import { isStrong } from '../http/etag.js';
import type { Fields } from '../http/fields.js';
import { parseContentRange } from '../http/range.js';
import type { Log } from '../log.js';
import { Digest } from './digest.js';
import { StorageError } from './directory.js';
import type { UrlPlace } from './layout.js';
import { BEAT, type Lock, LockWatch, removeIfThere } from './lock.js';
import { cutToTrusted, readMark } from './mark.js';
import { DifferentBytes, PartFile } from './part.js';
import { noteDigest, touchRecord } from './record.js';
import { countPart, keepNewest, type Known, knownVersions, partSize, removePart, removeVersion, uncountPart } from './remove.js';
import { type Limits, makeRoom } from './space.js';
import { noteUsage } from './usage.js';
import { removeVerdict, type Verdict, writeVerdict } from './verdict.js';
import type { FillJob } from './waiter.js';
import { sleep } from '../sleep.js';
import { statIfThere } from '../stat.js';

/** This fill ends here; the verdict tells those who wait. */
class GivenUp extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict.reason);
  }
}

/** Somebody took the lock over, because we seemed dead: the work, and the verdict, are theirs. */
class Outbid extends Error {}

/** Nobody has asked for more; whoever does continues. */
class Enough extends Error {}

/** Pauses before the base is asked again without a new byte, in milliseconds: it may only be restarting. */
const PAUSES = [0, 250, 750, 1500, 2500];

const SUPERSEDED = 'the base has another version by now';

/** How a fill ended. */
export interface Filled {
  /** 200: the body is whole; 206: it isn't, but need not be the base's fault; else what a waiting client is told. */
  readonly status: number;
  /** Bytes of bodies that the base sent for it. */
  readonly pulled: number;
}

type Progress = (done: number, total: number) => void;

/**
 * Pulls one version from the base into the cache, from where an earlier fill stopped. Never rejects: whoever waits finds
 * the body, or a verdict. Releases the lock. Resolves with what to note of it in the access log. `onProgress` hears of the
 * bytes that are here, and how many there will be.
 */
export async function fill(job: FillJob, place: UrlPlace, base: Base, limits: Limits, log: Log, onProgress?: Progress): Promise<Filled> {
  const running = new Fill(job, place, base, limits, log, onProgress);
  const heart = setInterval(() => running.beat(), BEAT);
  let status = 200;
  try {
    await running.untilWhole();
  } catch (error) {
    status = running.giveUp(error);
    await running.leaveRoom();
  } finally {
    clearInterval(heart);
    running.release();
  }
  return { status, pulled: running.pulled };
}

class Fill {
  readonly #path: string;
  readonly #until: number;
  #version: Version;
  #lock: Lock;
  pulled = 0;
  #size = 0;
  #part: PartFile | undefined;
  readonly #digest = new Digest();
  /** The base has answered once: from now on it is worth to ask again. */
  #confirmed = false;
  #resumable = true;
  /** Another fill could continue this one: so may this one stop before the end. */
  #mayStop = false;
  #outbid = false;
  /** When the base was last asked, in milliseconds since 1970: ages count from then. */
  #asked = 0;
  /** What was known then of this URL. */
  #known: Known = new Map();

  constructor(
    job: FillJob,
    private readonly place: UrlPlace,
    private readonly base: Base,
    private readonly limits: Limits,
    private readonly log: Log,
    private readonly onProgress: Progress | undefined,
  ) {
    this.#path = job.path;
    this.#until = job.until;
    this.#version = job.version;
    this.#lock = job.lock;
  }

  beat(): void {
    try {
      if (!this.#lock.beat()) this.#outbid = true;
      else this.#part?.flush();
    } catch (error) {
      this.log.warn(`fill of ${this.#path}: cannot touch the lock: ${String(error)}`);
    }
  }

  release(): void {
    if (this.#lock.release()) countPart(this.place, this.#version.id);
  }

  /** A cut connection is not the end: what is there is right, the rest is asked for. */
  async untilWhole(): Promise<void> {
    uncountPart(this.place, this.#version.id, this.#lock);
    for (let vain = 0; ; vain++) {
      const before = this.#size;
      try {
        return await this.#pull();
      } catch (error) {
        if (error instanceof DifferentBytes) this.#discardDifferent();
        else if (!(error instanceof BaseError && this.#confirmed)) throw error;
        if (this.#size > before) vain = 0;
        // Asked for the rest it is silent again: OffloadTimeout is over.
        else if (error instanceof BaseError && error.silent) throw error;
        if (vain === PAUSES.length - 1) throw error;
        this.log.debug(`fill of ${this.#path} stopped at ${this.#size} of ${this.#version.length}: ${error.message}`);
      }
      await sleep(PAUSES[vain] ?? 0);
    }
  }

  /** Under a strong ETag followers would read on in the new file, though they have sent bytes of the old one: they must stop. */
  #discardDifferent(): void {
    this.#discard();
    if (!isStrong(this.#version.etag)) return;
    throw new GivenUp({ kind: 'base', status: 502, reason: 'the base sends other bytes than before under the same strong ETag' });
  }

  /** What it means, as a status. */
  giveUp(error: unknown): number {
    if (error instanceof Outbid || error instanceof Enough) return 206;
    const verdict = verdictOn(error);
    this.log.debug(`fill of ${this.#path} given up: ${verdict.reason}`);
    try {
      if (verdict.kind === 'storage') this.#discard();
      writeVerdict(this.place, this.#version.id, this.#lock.token, verdict);
    } catch (unwritten) {
      this.log.warn(`fill of ${this.#path}: cannot write the verdict: ${String(unwritten)}`);
    }
    return verdict.status ?? 206;
  }

  async #pull(): Promise<void> {
    this.#size = await cutToTrusted(this.place, this.#version.id);
    if (this.#size > this.#version.length) this.#discard();
    await this.#makeRoom();
    await this.#digest.startAt(this.place.part(this.#version.id), this.#size);
    this.#known = knownVersions(this.place, this.#path);
    this.#asked = Date.now();
    const answer = await this.base.get(this.#path, this.#rest());
    try {
      const expected = this.#version;
      const start = this.#accept(answer);
      if (this.#version !== expected) await this.#makeRoom();
      const part = await PartFile.open(this.place, this.#version.id, parseHttpDate(answer.fields.get('date')));
      this.#part = part;
      // What no validator promises to be the same is shown to new followers when it has been compared.
      const shownFrom = start > 0 || isStrong(this.#version.etag) ? 0 : part.size;
      try {
        await this.#receive(answer, part, start, shownFrom);
        await part.finish(parseHttpDate(this.#version.lastModified) ?? Date.now());
      } finally {
        this.#part = undefined;
        await part.close();
      }
      this.#commit();
    } finally {
      answer.close();
    }
    await this.leaveRoom();
  }

  /** Others may have taken the room that there was at first: it is made again, so that the next fill can write its lock. */
  leaveRoom(): Promise<void> {
    return makeRoom(this.place.layout, 0, this.limits).catch((error: unknown) => this.log.debug(String(error)));
  }

  #makeRoom(): Promise<void> {
    return makeRoom(this.place.layout, this.#version.length - partSize(this.place, this.#version.id), this.limits);
  }

  /** What to ask for: the rest, if that is safe. */
  #rest(): Part | undefined {
    const ifRange = this.#strongValidator();
    if (ifRange === undefined || this.#size === 0 || this.#size >= this.#version.length || !this.#resumable) return undefined;
    return { start: this.#size, ifRange };
  }

  /** What makes a byte range of the version safe (RFC 9110 §13.1.5); a date counts from when the part was begun. */
  #strongValidator(): string | undefined {
    const { id, etag, lastModified } = this.#version;
    if (isStrong(etag)) return etag;
    const date = readMark(this.place, id)?.begun;
    return etag === undefined && isStrongDate({ ...this.#version, date }) ? lastModified : undefined;
  }

  /** Where the answer's body begins, if it is one of our version, or of the newer one that is filled instead. */
  #accept(answer: BodyAnswer): number {
    const { status, fields } = answer;
    this.#mayStop = this.#resumable && (status === 206 || /\bbytes\b/i.test(fields.get('accept-ranges') ?? ''));
    if (status === 206) return this.#acceptRange(fields);
    if (status === 416 || status === 412) throw this.#startAgain(`base answers ${status} to the request for the rest`);
    const judged = judge(answer, this.#version.length);
    if (judged.kind === 'uncacheable') throw new GivenUp({ kind: 'uncacheable', reason: judged.why });
    if (judged.kind !== 'version') {
      const shown = judged.kind === 'other' ? status : judged.kind === 'forbidden' ? 403 : 502;
      throw new GivenUp({ kind: 'base', status: shown, reason: `base answers ${status} to GET after 200 to HEAD` });
    }
    if (judged.version.id !== this.#version.id) {
      // In chunks: the length was the old one's.
      if (!fields.has('content-length')) throw new GivenUp({ kind: 'uncacheable', reason: `${SUPERSEDED}, and does not say its length` });
      this.#switchTo(judged.version, fields);
    }
    this.#confirm(judged.version, fields);
    return 0;
  }

  #acceptRange(fields: Fields): number {
    const range = parseContentRange(fields.get('content-range'));
    const etag = fields.get('etag');
    const { length } = this.#version;
    if (range?.start !== this.#size || range.total !== length || (etag !== undefined && etag !== this.#version.etag)) {
      throw this.#startAgain(`base answers 206 with another range`);
    }
    this.#confirmed = true;
    return range.start;
  }

  #startAgain(why: string): BaseError {
    this.#resumable = false;
    this.#confirmed = true;
    return new BaseError(why, false);
  }

  /** HEAD and GET saw two versions: the GET counts. Those who wait for the old one are sent to the new one. */
  #switchTo(version: Version, fields: Fields): void {
    const old = { id: this.#version.id, lock: this.#lock };
    const reason = SUPERSEDED;
    removeVersion(this.place, old.id);
    const lock = new LockWatch(this.place.lock(version.id)).acquire();
    const there = statIfThere(this.place.body(version.id)) !== undefined;
    if (lock === undefined || there) {
      lock?.release();
      if (there) this.#touch(version, fields);
      throw new GivenUp({ kind: 'superseded', by: version.id, reason });
    }
    this.#lock = lock;
    this.#version = version;
    uncountPart(this.place, version.id, lock);
    try {
      this.#touch(version, fields);
      writeVerdict(this.place, old.id, old.lock.token, { kind: 'superseded', by: version.id, reason });
    } finally {
      // Also when there is no room for a word to those who wait for it: they fill themselves.
      old.lock.release();
    }
  }

  #confirm(version: Version, fields: Fields): void {
    mkdirSync(this.place.directory, { recursive: true, mode: 0o700 });
    this.#touch(version, fields);
    this.#confirmed = true;
  }

  #touch(version: Version, fields: Fields): void {
    touchRecord(this.place, this.#path, { version, fields, validated: this.#asked });
  }

  async #receive(answer: BodyAnswer, part: PartFile, start: number, shownFrom: number): Promise<void> {
    const { length } = this.#version;
    // In chunks it may be longer than promised: nobody must have all bytes before its end has come.
    const mayGoOn = !answer.fields.has('content-length');
    await this.#digest.startAt(this.place.part(this.#version.id), start);
    const take = async (bytes: Buffer, at: number) => {
      await part.take(bytes, at);
      this.#digest.take(bytes);
    };
    let position = start;
    let last: Buffer | undefined;
    let shown = position >= shownFrom;
    if (shown) this.#lock.confirm();
    for await (const chunk of answer.body) {
      this.pulled += chunk.length;
      if (this.#outbid) throw new Outbid();
      const end = position + chunk.length;
      if (end > length) {
        this.#discard();
        throw new GivenUp({ kind: 'base', status: 502, reason: `base sends more than the ${length} bytes it promised` });
      }
      if (mayGoOn && end === length) last = chunk.subarray(-1);
      await take(last === undefined ? chunk : chunk.subarray(0, -1), position);
      position = end;
      this.#size = part.size;
      this.onProgress?.(position, length);
      if (!shown && position >= shownFrom) {
        shown = true;
        this.#lock.confirm();
      }
      if (end >= this.#until && end < length && this.#mayStop && this.#strongValidator() !== undefined) throw new Enough();
    }
    if (position < length) throw new BaseError(`body ended after ${position} of ${length} bytes`, false);
    if (last !== undefined) await take(last, length - 1);
  }

  /** The complete body appears by rename, and never changes. */
  #commit(): void {
    const { id } = this.#version;
    // What now lies under the part's name may be the beginning of another owner's.
    if (!this.#lock.beat()) throw new Outbid();
    noteDigest(this.place, this.#path, id, this.#digest.end());
    renameSync(this.place.part(id), this.place.body(id));
    noteUsage(this.place.layout, this.place.body(id), this.#version.length);
    removeIfThere(this.place.mark(id));
    removeVerdict(this.place, id);
    keepNewest(this.place, this.#path, id, this.#asked, this.#known);
    this.log.debug(`filled ${this.#path}: ${this.#version.length} bytes`);
  }

  #discard(): void {
    removePart(this.place, this.#version.id);
    this.#size = 0;
  }
}

function verdictOn(error: unknown): Verdict {
  if (error instanceof GivenUp) return error.verdict;
  if (error instanceof BaseError) return { kind: 'base', status: error.silent ? 504 : 502, reason: error.message };
  if (error instanceof StorageError) return { kind: 'storage', reason: error.message };
  return { kind: 'storage', reason: String(error) };
}
