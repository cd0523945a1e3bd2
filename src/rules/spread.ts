import { createHash } from 'node:crypto';

/** Every URL falls into one of these: the first three hex digits of `md5(%{REQUEST_URI})`, as Apache writes it. */
export const BUCKETS = 4096;

/** What decides where buckets go: a name that tells hosts apart, and a share. */
export interface Weighted {
  readonly href: string;
  readonly weight: number;
}

/**
 * For each bucket the hosts that should serve it, best first, at most `depth` of them. By weighted rendezvous
 * hashing: each host draws a number for each bucket from its own name alone, the best draw wins. So the order of
 * the hosts doesn't matter, and a host that comes or goes moves only its own buckets. Weight 0 gets none.
 */
export function spread<Host extends Weighted>(hosts: readonly Host[], depth = 1): Host[][] {
  const takers = hosts.filter((host) => host.weight > 0).map((host) => ({ host, seed: seedOf(host.href) }));
  return Array.from({ length: BUCKETS }, (_, bucket) => {
    const draws = takers.map(({ host, seed }) => ({ host, cost: -Math.log(draw(seed, bucket)) / host.weight }));
    draws.sort((a, b) => a.cost - b.cost || (a.host.href < b.host.href ? -1 : 1));
    return draws.slice(0, depth).map(({ host }) => host);
  });
}

/** A bucket as it stands in a map file or a pattern. */
export function bucketName(bucket: number): string {
  return bucket.toString(16).padStart(3, '0');
}

/** The bucket of a URL path (decoded, as bytes in latin1), as Apache computes it. */
export function bucketOf(path: string): number {
  return Number.parseInt(createHash('md5').update(path, 'latin1').digest('hex').slice(0, 3), 16);
}

function seedOf(href: string): [number, number] {
  const digest = createHash('sha256').update(href).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/** A number in (0, 1), the same for ever for this host and bucket. */
function draw([high, low]: readonly [number, number], bucket: number): number {
  const one = mix(high ^ Math.imul(bucket + 1, 0x9e3779b1));
  const two = mix(low + one);
  return (one * 0x200000 + (two >>> 11) + 0.5) / 2 ** 53;
}

/** Spreads every bit over the word: xor-shifts and odd multipliers, as hash finalizers do. */
function mix(word: number): number {
  let value = word | 0;
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
