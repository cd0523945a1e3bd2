/**
 * SHA-256 (FIPS 180-4) of a few hundred bytes. Loading node:crypto costs each CGI process 3 to 4 ms, a sixth of what
 * Node needs to start; names in the cache are all it would be for.
 */
export function sha256(bytes: Buffer): string {
  const hash = Uint32Array.from(START);
  const w = new Uint32Array(64);
  const message = pad(bytes);
  for (let at = 0; at < message.length; at += 64) {
    for (let t = 0; t < 16; t++) w[t] = message.readUInt32BE(at + t * 4);
    compress(hash, w);
  }
  return [...hash].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** The first 32 bits of the fractional parts of the roots of the first primes: 64 cube roots, 8 square roots (§4.2.2, §5.3.3). */
const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n++) {
  if (!isPrime(n)) continue;
  if (found < 8) START[found] = fraction(Math.sqrt(n));
  K[found++] = fraction(Math.cbrt(n));
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

function fraction(x: number): number {
  return Math.floor((x % 1) * 2 ** 32);
}

/** A one bit, zeros, and the length in bits, to a multiple of 64 bytes (§5.1.1). */
function pad(bytes: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil((bytes.length + 9) / 64) * 64);
  bytes.copy(padded);
  padded[bytes.length] = 0x80;
  padded.writeUIntBE(bytes.length * 8, padded.length - 6, 6);
  return padded;
}

function at(words: Uint32Array, i: number): number {
  return words[i] as number;
}

/** One block (§6.2.2); `w` holds its 16 words. */
function compress(hash: Uint32Array, w: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const [w15, w2] = [at(w, t - 15), at(w, t - 2)];
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[t] = at(w, t - 16) + s0 + at(w, t - 7) + s1;
  }
  let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(K, t) + at(w, t)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) hash[i] = at(hash, i) + word;
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}
