import { strict as assert } from 'node:assert';
import type { RawAnswer } from '../support/client.js';
import type { Dice } from '../support/dice.js';
import type { Behaviour, Origin } from '../support/origin.js';
import { checkPattern, type Pattern } from '../support/pattern.js';

/** What a path was on the base, and when; milliseconds of `performance.now`. */
interface Generation extends Pattern {
  readonly etag: string | null;
  readonly lastModified: string;
  readonly from: number;
  until: number;
}

/** A time in which the path was not there. */
interface Absence {
  readonly from: number;
  until: number;
}

/** Which validators a file has: with a strong ETag, with a weak one, only with a date. */
type Kind = 'strong' | 'weak' | 'dated';

const KINDS: readonly Kind[] = ['strong', 'weak', 'dated'];
const LARGEST = 1_500_000;

/** A request and what came of it. */
export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly from: number;
  readonly until: number;
}

/** The files of the base with all that they ever were: which answers are right is known from that alone. */
export class World {
  readonly paths: readonly string[];
  changes = 0;
  /** The share of GETs with which the base makes mischief. */
  mischief = 0.25;
  readonly #generations = new Map<string, Generation[]>();
  readonly #absences = new Map<string, Absence[]>();
  #seed = 1;

  constructor(
    private readonly origin: Origin,
    private readonly dice: Dice,
    files: number,
  ) {
    this.paths = Array.from({ length: files }, (_, i) => `/${KINDS[i % KINDS.length] as Kind}-${i}.zip`);
    for (const path of this.paths) this.replace(path);
  }

  /** Something happens to a file. */
  change(path: string): void {
    const now = this.#current(path);
    if (now === undefined) return this.replace(path);
    const { seed, size, etag, lastModified } = now;
    switch (this.dice.below(8)) {
      case 0:
        return this.#remove(path);
      case 1: // truncated in its place
        return this.#put(path, { seed, size: 1 + this.dice.below(size) }, this.#tag(path), date());
      case 2: // touched: the same bytes
        return this.#put(path, { seed, size }, this.#tag(path), date());
      case 3: // another one of the same size and time: a strong ETag tells, a weak one or a date need not
        return this.#put(path, { seed: ++this.#seed, size }, path.startsWith('/strong') ? this.#tag(path) : etag, lastModified);
      case 4: // twice within a second
        this.replace(path);
        return this.replace(path);
      case 5: // another file gets its name
        return this.#put(path, this.#current(this.dice.pick(this.paths)) ?? now, this.#tag(path), date());
      default:
        return this.replace(path);
    }
  }

  /** A new file, of other bytes and another size. */
  replace(path: string): void {
    const size = this.dice.chance(0.05) ? 0 : 1 + this.dice.below(this.dice.chance(0.5) ? 60_000 : LARGEST);
    this.#put(path, { seed: ++this.#seed, size }, this.#tag(path), date());
  }

  /** All files are there, and nothing happens to them any more. */
  calm(): void {
    this.mischief = 0;
    for (const path of this.paths) this.#put(path, { seed: ++this.#seed, size: 200_000 + this.dice.below(500_000) }, this.#tag(path), date());
  }

  /** What the path is now. */
  now(path: string): Pattern {
    const generation = this.#current(path);
    assert.ok(generation);
    return generation;
  }

  /** Throws unless the answer is one that the base's files allowed while it was asked. What it was, for the count. */
  check(asked: Asked, answer: RawAnswer): string {
    const { status } = answer;
    if (status === 200 || status === 206) return this.#checkBody(asked, answer);
    if (status === 404) assert.ok(this.#absent(asked), `404, but ${asked.path} was there all the time`);
    else assert.ok([304, 416, 429, 500, 502, 503, 504].includes(status), `status ${status}`);
    return String(status);
  }

  #checkBody(asked: Asked, { status, headers, body, length, complete, framing, lines }: RawAnswer): string {
    // A body in chunks that couldn't be stored is passed on in chunks: its end, too, is seen or missed.
    const inChunks = status === 200 && framing === 'chunked' && /detail=not-stored/.test(headers.get('Cache-Status') ?? '');
    // Apache drops a HEAD's Content-Length of 0.
    const unsaid = inChunks || (asked.method === 'HEAD' && !headers.has('Content-Length'));
    assert.ok(unsaid || headers.has('Content-Length'), `${asked.method} ${asked.path}: ${status} without Content-Length, ${length} bytes ${complete ? 'as if complete' : 'cut'}: ${lines.join(' | ')}`);
    const promised = inChunks ? length : Number(headers.get('Content-Length'));
    if (!inChunks) assert.equal(complete, asked.method === 'HEAD' || length === promised, `${length} of ${promised} bytes`);
    const [, first = '0', last = String(promised - 1), total = String(promised)] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('Content-Range') ?? '') ?? [];
    if (status === 206) assert.equal(Number(last) - Number(first) + 1, promised, headers.get('Content-Range'));
    const said = { size: (inChunks && !complete) || (unsaid && !inChunks) ? undefined : Number(total), etag: headers.get('ETag') ?? null, lastModified: headers.get('Last-Modified') };
    const candidates = this.#candidates(asked, /detail=stale/.test(headers.get('Cache-Status') ?? ''))
      .filter(({ size, etag, lastModified }) => (said.size === undefined || size === said.size) && etag === said.etag && lastModified === said.lastModified);
    assert.ok(candidates.length > 0, `header of no version of that time: ${JSON.stringify(asked)}: ${lines.join(' | ')}; it was ${JSON.stringify(this.#generations.get(asked.path)?.slice(-5))}`);
    const faults = candidates.map(({ seed }) => faultOf(seed, Number(first), body));
    assert.ok(faults.includes(undefined), `bytes of no version: ${faults.join('; ')}`);
    return asked.method === 'HEAD' ? 'HEAD' : complete ? `whole ${status}` : `cut ${status}, seen`;
  }

  /** What the file may be said to be: what it was meanwhile, or what has the same validators. */
  #candidates({ path, from, until }: Asked, stale: boolean): Generation[] {
    const all = this.#generations.get(path) ?? [];
    const meanwhile = all.filter((generation) => stale || (generation.from <= until && generation.until >= from));
    return all.filter((one) => meanwhile.some((other) => one.size === other.size && one.etag === other.etag && one.lastModified === other.lastModified));
  }

  #absent({ path, from, until }: Asked): boolean {
    return (this.#absences.get(path) ?? []).some((absence) => absence.from <= until && absence.until >= from);
  }

  #current(path: string): Generation | undefined {
    const last = this.#generations.get(path)?.at(-1);
    return last?.until === Infinity ? last : undefined;
  }

  #tag(path: string): string | null {
    const number = ++this.changes;
    return path.startsWith('/dated') ? null : `${path.startsWith('/weak') ? 'W/' : ''}"${number}"`;
  }

  #end(path: string): void {
    const [generation, absence] = [this.#current(path), this.#absences.get(path)?.at(-1)];
    if (generation !== undefined) generation.until = performance.now();
    if (absence?.until === Infinity) absence.until = performance.now();
  }

  #put(path: string, { seed, size }: Pattern, etag: string | null, lastModified: string): void {
    this.#end(path);
    push(this.#generations, path, { seed, size, etag, lastModified, from: performance.now(), until: Infinity });
    this.origin.file(path, { body: { seed, size }, etag, lastModified, script: ({ method }) => (method === 'GET' ? this.#behave(size) : this.#behaveToHead()) });
  }

  #remove(path: string): void {
    this.changes++;
    this.#end(path);
    push(this.#absences, path, { from: performance.now(), until: Infinity });
    this.origin.remove(path);
  }

  /** How the base treats one GET. */
  #behave(size: number): Behaviour | undefined {
    if (!this.dice.chance(this.mischief)) return undefined;
    const at = this.dice.below(size + 1);
    return this.dice.pick<Behaviour>([
      { cutAfter: at },
      { cutAfter: at, cut: 'close' },
      { cutAfter: -1 },
      { cutAfter: at, chunked: true },
      { chunked: true },
      { ignoreRange: true },
      { partial: { start: at } },
      { partial: { contentRange: `bytes 0-${at}/${size + 1}` } },
      { headers: { 'Content-Range': 'bytes */*' } },
      { status: this.dice.pick([500, 503, 416, 412]) },
      { rawHead: 'HTTP/1.1 2oo OK\r\nContent-Length: x\r\n\r\n' },
      { before: 'garbage\r\n' },
      { pieceSize: 100 + this.dice.below(5000) },
    ]);
  }

  #behaveToHead(): Behaviour | undefined {
    if (!this.dice.chance(this.mischief / 5)) return undefined;
    return this.dice.pick<Behaviour>([{ cutAfter: -1 }, { status: 500 }, { before: 'garbage\r\n' }, { bodyOnHead: true }]);
  }
}

function date(): string {
  return new Date().toUTCString();
}

function faultOf(seed: number, offset: number, bytes: Uint8Array): string | undefined {
  try {
    checkPattern(seed, offset, bytes);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
