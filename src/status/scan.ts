import { readSync } from 'node:fs';
import type { Entry } from '../access-log/entry.js';
import type { Counted } from './counts.js';

/** Read at once, in bytes: many lines, and still little memory. A line is shorter than 4,096. */
const BUFFER = 1024 * 1024;

/** So much is read before others have their turn, in a process that also serves. */
const TURN = 4 * BUFFER;

const LINE_FEED = 10;
const BLANK = 32;
const BRACKET = 91;
const BRACE = 123;

/** Hands on each whole line of an open log from `from` on that is one of ours; resolves with where the next one begins. */
export async function scan(fd: number, from: number, take: (line: Counted) => void): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(BUFFER);
  const reader = new LineReader(buffer, take);
  let position = from;
  for (let held = 0, turn = 0; ; turn += BUFFER) {
    const count = readSync(fd, buffer, held, BUFFER - held, position + held);
    const end = held + count;
    const taken = reader.lines(end);
    position += taken;
    if (count === 0) return position;
    // Not a log of ours: there is no line in a whole buffer.
    if (taken === 0 && end === BUFFER) position += end;
    held = taken === 0 && end === BUFFER ? 0 : end - taken;
    buffer.copyWithin(0, end - held, end);
    if (turn >= TURN) {
      turn = 0;
      await new Promise(setImmediate);
    }
  }
}

/** Takes lines apart where they lie: ten million of them should not become strings. */
class LineReader {
  #at = 0;
  readonly #time = new TimeReader();
  readonly #words = new Words();

  constructor(
    private readonly bytes: Buffer,
    private readonly take: (line: Counted) => void,
  ) {}

  /** All whole lines in the first `end` bytes; how many bytes they are. */
  lines(end: number): number {
    const { bytes } = this;
    let start = 0;
    for (;;) {
      const feed = bytes.indexOf(LINE_FEED, start);
      if (feed === -1 || feed >= end) return start;
      const line = bytes[start] === BRACE ? this.#json(start, feed) : this.#combined(start, feed);
      if (line !== undefined) this.take(line);
      start = feed + 1;
    }
  }

  #json(start: number, end: number): Counted | undefined {
    try {
      const { time, method, url, status, bytes, cache, sent = '-', pulled } = JSON.parse(this.bytes.toString('latin1', start, end)) as Omit<Entry, 'time'> & { time: string };
      const at = Date.parse(time);
      if (typeof url !== 'string' || !isCount(bytes) || !isCount(pulled) || !isCount(at)) return undefined;
      return { time: at, method, url, status, bytes, cache, sent, pulled };
    } catch {
      return undefined;
    }
  }

  /** HOST - - [TIME] "METHOD URL PROTOCOL" STATUS BYTES "…" "…" cache=… sent=… ms=… pulled=… */
  #combined(start: number, end: number): Counted | undefined {
    const { bytes } = this;
    let at = start;
    while (at < end && bytes[at] !== BRACKET) at++;
    const time = this.#time.read(bytes, at + 1);
    const methodEnd = this.#blank(at + 30, end);
    const urlEnd = this.#blank(methodEnd + 1, end);
    const protocolEnd = this.#blank(urlEnd + 1, end);
    this.#at = protocolEnd + 1;
    const status = this.#number(end);
    const sentBytes = this.#number(end);
    const pulledAt = this.#valueBefore(end);
    const msAt = this.#valueBefore(pulledAt - ' pulled='.length);
    const sentAt = this.#valueBefore(msAt - ' ms='.length);
    const cacheAt = this.#valueBefore(sentAt - ' sent='.length);
    if (time === undefined || status === undefined || cacheAt < this.#at) return undefined;
    this.#at = pulledAt;
    const pulled = this.#number(end);
    if (pulled === undefined) return undefined;
    return {
      time,
      method: this.#words.read(bytes, at + 30, methodEnd),
      url: bytes.toString('latin1', methodEnd + 1, urlEnd),
      status,
      bytes: sentBytes ?? 0,
      cache: this.#words.read(bytes, cacheAt, sentAt - ' sent='.length),
      sent: this.#words.read(bytes, sentAt, msAt - ' ms='.length),
      pulled,
    };
  }

  #blank(from: number, end: number): number {
    let at = from;
    while (at < end && this.bytes[at] !== BLANK) at++;
    return at;
  }

  /** The number at our place, and to behind the blank after it; undefined for `-` and all else. */
  #number(end: number): number | undefined {
    let value = 0;
    const start = this.#at;
    for (; this.#at < end; this.#at++) {
      const digit = (this.bytes[this.#at] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const found = this.#at > start;
    this.#at = this.#blank(this.#at, end) + 1;
    return found ? value : undefined;
  }

  /** Where the value of the last `name=value` before `end` begins. */
  #valueBefore(end: number): number {
    let at = end;
    while (at > 0 && this.bytes[at - 1] !== 61 && this.bytes[at - 1] !== BLANK) at--;
    return at;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads 22/Nov/2026:16:17:29 +0100. The minute of the line before is mostly this line's. */
class TimeReader {
  #minute = Buffer.alloc(0);
  #zone = Buffer.alloc(0);
  #value: number | undefined;

  /** Milliseconds since 1970 of the minute's begin, or undefined. */
  read(bytes: Buffer, at: number): number | undefined {
    if (this.#minute.length > 0 && isAt(this.#minute, bytes, at, at + 17) && isAt(this.#zone, bytes, at + 20, at + 26)) return this.#value;
    const text = bytes.toString('latin1', at, at + 26);
    this.#minute = Buffer.from(text.slice(0, 17), 'latin1');
    this.#zone = Buffer.from(text.slice(20), 'latin1');
    const [, day, month = '', year, hour, minute, sign, zoneHours, zoneMinutes] = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):\d\d ([+-])(\d\d)(\d\d)$/.exec(text) ?? [];
    const local = Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute));
    const east = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
    this.#value = Number.isNaN(local) || !MONTHS.includes(month) ? undefined : local - east * 60_000;
    return this.#value;
  }
}

/** There are only a few methods and words: each becomes a string once. */
class Words {
  readonly #known: { readonly word: string; readonly bytes: Buffer }[] = [];

  read(bytes: Buffer, start: number, end: number): string {
    for (const known of this.#known) if (isAt(known.bytes, bytes, start, end)) return known.word;
    const word = bytes.toString('latin1', start, end);
    if (this.#known.length < 12) this.#known.push({ word, bytes: Buffer.from(word, 'latin1') });
    return word;
  }
}

function isAt(word: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = word.length - 1; i >= 0; i--) if (bytes[start + i] !== word[i]) return false;
  return true;
}
