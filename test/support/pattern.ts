import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';

/** A body that is computed, not stored: `size` bytes of the pattern of `seed`. */
export interface Pattern {
  readonly seed: number;
  readonly size: number;
}

// A prime period: no power of two, no page and no buffer size shifts the pattern onto itself.
const PERIOD = 1_048_573;
// Each page starts with its own offset and seed, so that no two pages anywhere are equal.
const PAGE = 4096;
const STAMP = 12;
const tables = new Map<number, Buffer>();

function table(seed: number): Buffer {
  let bytes = tables.get(seed);
  if (bytes === undefined) {
    if (tables.size >= 8) tables.clear();
    bytes = Buffer.allocUnsafe(PERIOD);
    let x = (seed ^ 0x9e3779b9) | 1;
    for (let i = 0; i < PERIOD; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      bytes[i] = x >>> 11;
    }
    tables.set(seed, bytes);
  }
  return bytes;
}

/** The bytes `start` to `start + length` of the pattern of `seed`; any offset up to 2^53. */
export function patternBytes(seed: number, start: number, length: number): Buffer {
  const source = table(seed);
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const from = (start + done) % PERIOD;
    done += source.copy(bytes, done, from, Math.min(PERIOD, from + length - done));
  }
  const stamp = Buffer.allocUnsafe(STAMP);
  for (let page = start - (start % PAGE); page < start + length; page += PAGE) {
    stamp.writeDoubleBE(page, 0);
    stamp.writeInt32BE(seed | 0, 8);
    const at = page - start;
    if (at >= 0) stamp.copy(bytes, at);
    else if (at > -STAMP) stamp.copy(bytes, 0, -at);
  }
  return bytes;
}

/** Throws, naming the first wrong byte, unless `chunk` is the pattern of `seed` at `offset`. */
export function checkPattern(seed: number, offset: number, chunk: Uint8Array): void {
  const right = patternBytes(seed, offset, chunk.length);
  if (right.equals(chunk)) return;
  const wrong = right.findIndex((byte, i) => byte !== chunk[i]);
  assert.fail(
    `byte ${offset + wrong} of pattern ${seed} is ${chunk[wrong]}, should be ${right[wrong]} (chunk of ${chunk.length} bytes at ${offset})`,
  );
}

/** SHA-256 (hex) of the bytes `start` to `end` of a pattern. */
export function patternHash({ seed, size }: Pattern, start = 0, end = size): string {
  const hash = createHash('sha256');
  for (let at = start; at < end; at += PERIOD) hash.update(patternBytes(seed, at, Math.min(PERIOD, end - at)));
  return hash.digest('hex');
}
