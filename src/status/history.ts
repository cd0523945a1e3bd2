import { addCounts, count, type Counted, type Counts, FIELDS, noCounts } from './counts.js';
import { Top } from './top.js';

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Widths of what is kept, in milliseconds: the finer, the shorter. */
const SLOT = 10 * MINUTE;
const MOST_SLOTS = 18;
const MOST_HOURS = 24 * 32;
/** A day needs the files of each of its hours; a month those of each of its days. */
const MOST_TOP_HOURS = 27;
const MOST_TOP_DAYS = 32;

const FILES_OF_SLOT = 200;
const FILES_OF_DAY = 400;

/** What was counted in a time. */
interface Span {
  readonly start: number;
  readonly counts: Counts;
  /** How often which status from 400 on was sent. */
  readonly errors: Map<number, number>;
  top: Top | undefined;
}

/** A time, what was counted in it, and what went out most. */
export interface Summary {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly counts: Counts;
  readonly errors: ReadonlyMap<number, number>;
  readonly top: Top;
}

type StoredSpan = [start: number, counts: number[], errors: [number, number][], top: ReturnType<Top['toJSON']> | null];

/** As it lies on disk. */
export interface StoredHistory {
  readonly slots: StoredSpan[];
  readonly hours: StoredSpan[];
  readonly days: [number, ReturnType<Top['toJSON']>][];
  readonly sizes: [hour: number, bytes: number][];
}

/** The counters of a month, in bounded memory: of the last hours in slots of ten minutes, then in hours. */
export class History {
  readonly #slots = new Map<number, Span>();
  readonly #hours = new Map<number, Span>();
  readonly #days = new Map<number, Top>();
  /** Bytes of the cache when last looked in that hour. */
  readonly #sizes = new Map<number, number>();
  /** Most lines are of the slot of the line before. */
  #last: Span | undefined;

  constructor(stored?: StoredHistory) {
    for (const span of stored?.slots ?? []) this.#slots.set(span[0], spanOf(span, FILES_OF_SLOT));
    for (const span of stored?.hours ?? []) this.#hours.set(span[0], spanOf(span, FILES_OF_SLOT));
    for (const [start, top] of stored?.days ?? []) this.#days.set(start, new Top(FILES_OF_DAY, top));
    for (const [hour, bytes] of stored?.sizes ?? []) this.#sizes.set(hour, bytes);
  }

  add(line: Counted): void {
    const start = line.time - (line.time % SLOT);
    const span = this.#last?.start === start ? this.#last : this.#slot(start);
    count(span.counts, line);
    if (line.cache === 'fill') return;
    if (line.status >= 400) span.errors.set(line.status, (span.errors.get(line.status) ?? 0) + 1);
    else if (line.bytes > 0) span.top?.add(line.url, 1, line.bytes);
  }

  noteSize(now: number, bytes: number): void {
    this.#sizes.set(now - (now % HOUR), bytes);
    forgetFirst(this.#sizes, MOST_HOURS);
  }

  /** The last `length` milliseconds, in whole slots or hours. */
  summary(now: number, length: number): Summary {
    const width = length > HOUR ? HOUR : SLOT;
    // With the one that has just begun.
    const since = now - (now % width) - length;
    const sum = emptySpan(since, 1000);
    for (const span of this.#spans(since)) merge(sum, span);
    for (const [start, top] of this.#days) if (start >= since - DAY / 2) sum.top?.addAll(top);
    return { since, counts: sum.counts, errors: sum.errors, top: sum.top ?? new Top(0) };
  }

  /** The same time in pieces of `width` milliseconds, the oldest first; pieces begin at whole multiples, `offset` (of a time zone) shifted. */
  series(now: number, length: number, width: number, offset = 0): { start: number; counts: Counts }[] {
    const pieceOf = (time: number) => time - (((time + offset) % width) + width) % width;
    const pieces = new Map<number, Counts>();
    for (let start = pieceOf(now - length + width); start <= now; start += width) pieces.set(start, noCounts());
    for (const { start, counts } of this.#spans(now - length - width)) {
      const piece = pieces.get(pieceOf(start));
      if (piece !== undefined) addCounts(piece, counts);
    }
    return [...pieces].map(([start, counts]) => ({ start, counts }));
  }

  /** Bytes of the cache over the last `length` milliseconds, as far as anybody looked; the oldest first. */
  sizes(now: number, length: number): { time: number; bytes: number }[] {
    return [...this.#sizes].filter(([time]) => time >= now - length).sort(([a], [b]) => a - b).map(([time, bytes]) => ({ time, bytes }));
  }

  get isEmpty(): boolean {
    return this.#slots.size + this.#hours.size === 0;
  }

  toJSON(): StoredHistory {
    return {
      slots: [...this.#slots.values()].map(storedSpan),
      hours: [...this.#hours.values()].map(storedSpan),
      days: [...this.#days].map(([start, top]) => [start, top.toJSON()]),
      sizes: [...this.#sizes],
    };
  }

  #spans(since: number): Span[] {
    return [...this.#slots.values(), ...this.#hours.values()].filter(({ start }) => start >= since);
  }

  #slot(start: number): Span {
    let span = this.#slots.get(start);
    if (span === undefined) {
      span = emptySpan(start, FILES_OF_SLOT);
      this.#slots.set(start, span);
      while (this.#slots.size > MOST_SLOTS) this.#foldSlot();
      // A line from long ago (a download of hours) is folded at once.
      span = this.#slots.get(start) ?? this.#hour(start);
    }
    this.#last = span;
    return span;
  }

  #hour(time: number): Span {
    const start = time - (time % HOUR);
    let hour = this.#hours.get(start);
    if (hour === undefined) {
      hour = emptySpan(start, FILES_OF_SLOT);
      this.#hours.set(start, hour);
      this.#foldHours();
    }
    return hour;
  }

  #foldSlot(): void {
    const slot = takeFirst(this.#slots);
    merge(this.#hour(slot.start), slot);
  }

  /** Which files were asked for is told of days, not of each of their hours. */
  #foldHours(): void {
    const withTop = [...this.#hours.values()].filter(({ top }) => top !== undefined).sort((a, b) => b.start - a.start);
    for (const hour of withTop.slice(MOST_TOP_HOURS)) {
      const start = hour.start - (hour.start % DAY);
      const day = this.#days.get(start) ?? new Top(FILES_OF_DAY);
      if (hour.top !== undefined) day.addAll(hour.top);
      hour.top = undefined;
      this.#days.set(start, day);
    }
    forgetFirst(this.#hours, MOST_HOURS);
    forgetFirst(this.#days, MOST_TOP_DAYS);
  }
}

function emptySpan(start: number, files: number): Span {
  return { start, counts: noCounts(), errors: new Map(), top: new Top(files) };
}

function merge(to: Span, from: Span): void {
  addCounts(to.counts, from.counts);
  for (const [status, times] of from.errors) to.errors.set(status, (to.errors.get(status) ?? 0) + times);
  if (from.top !== undefined) to.top?.addAll(from.top);
}

function first(map: ReadonlyMap<number, unknown>): number {
  return Math.min(...map.keys());
}

function takeFirst(slots: Map<number, Span>): Span {
  const key = first(slots);
  const span = slots.get(key);
  slots.delete(key);
  return span ?? emptySpan(key, FILES_OF_SLOT);
}

function forgetFirst(map: Map<number, unknown>, most: number): void {
  while (map.size > most) map.delete(first(map));
}

function storedSpan({ start, counts, errors, top }: Span): StoredSpan {
  return [start, FIELDS.map((field) => counts[field]), [...errors], top?.toJSON() ?? null];
}

function spanOf([start, numbers, errors, top]: StoredSpan, files: number): Span {
  const counts = noCounts();
  FIELDS.forEach((field, i) => (counts[field] = numbers[i] ?? 0));
  return { start, counts, errors: new Map(errors), top: top === null ? undefined : new Top(files, top) };
}
