import type { Filled } from '../cache/fill.js';
import { clientAddress } from '../gateway/client-address.js';
import type { Reply } from '../gateway/reply.js';
import type { Request } from '../gateway/request.js';

/** One line of the access log (OffloadLog), under the names that its JSON form has. Texts are as they came; writing makes them harmless. */
export interface Entry {
  /** When it began, in milliseconds since 1970. */
  readonly time: number;
  /** The client's address; none for a fill. */
  readonly host?: string;
  readonly method: string;
  readonly url: string;
  readonly protocol: string;
  readonly status: number;
  /** Of the body, sent to the client or handed over. */
  readonly bytes: number;
  readonly referer?: string | undefined;
  readonly agent?: string | undefined;
  readonly cache: CacheWord;
  readonly sent?: Sent;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** Bytes of bodies that the base sent for just this request; what a fill pulls is in the fill's own line. */
  readonly pulled: number;
}

/** Where the body came from: one word for what Cache-Status says. */
type CacheWord = 'hit' | 'stale' | 'follow' | 'miss' | 'pass' | 'fill' | '-';

/**
 * What became of the body: all of it went out; the client left; it broke off here; or a web server was told to send it,
 * and only that one knows what the client took.
 */
export type Sent = 'all' | 'left' | 'cut' | 'handed';

/** How much of a body went where so far, in bytes. */
export interface Tally {
  bytes: number;
  pulled: number;
}

type Measured = Pick<Entry, 'time' | 'ms' | 'protocol'> & { readonly sent: Sent };

/** The entry of a request; `reply` is the gateway's, also where a web server sends the body. */
export function entryOf(request: Request, { status, fields, body }: Reply, { bytes, pulled }: Tally, trusted: readonly string[], measured: Measured): Entry {
  return {
    host: clientAddress(request, trusted),
    method: request.method,
    url: request.target,
    status,
    referer: request.field('referer'),
    agent: request.field('user-agent'),
    cache: wordFor(fields.find(([name]) => name === 'Cache-Status')?.[1] ?? ''),
    ...measured,
    bytes: measured.sent === 'handed' && body.kind === 'file' ? body.length : bytes,
    pulled,
  };
}

/** The first one that Cache-Status says decides. */
const WORDS: { readonly [says: string]: CacheWord } = {
  'hit; detail=stale': 'stale',
  'hit': 'hit',
  'validated': 'hit',
  'collapsed': 'follow',
  'bypass': 'pass',
  'far-range': 'pass',
  '=200': 'miss',
};

/** The value of Cache-Status: its last member is ours. */
function wordFor(cacheStatus: string): CacheWord {
  const own = cacheStatus.split(',').pop();
  return WORDS[Object.keys(WORDS).find((says) => own?.includes(says)) ?? ''] ?? '-';
}

/** The entry of a fill, from whatever process: without a client, so that nobody takes it for a request. */
export function fillEntry(url: string, time: number, { status, pulled }: Filled): Entry {
  return { time, method: 'FILL', url, protocol: 'HTTP/1.1', status, bytes: 0, cache: 'fill', ms: Date.now() - time, pulled };
}
