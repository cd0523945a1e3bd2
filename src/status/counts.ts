/** What is counted, over any time. Bytes are of bodies. */
export const FIELDS = [
  'requests',
  /** GETs that got a body, whole or a part. */
  'answers',
  /** Of these: from the cache; following another's fill; from the base, into the cache; past it. */
  'hits',
  'follows',
  'misses',
  'passes',
  /** Bytes to clients, of them handed over to a web server. */
  'sent',
  'handed',
  /** Bytes from the base, by requests and by fills. */
  'pulled',
  'fills',
  'failedFills',
  /** Bodies that broke off here; that the client didn't wait for. */
  'cut',
  'left',
] as const;

export type Counts = { [Field in (typeof FIELDS)[number]]: number };

export function noCounts(): Counts {
  return { requests: 0, answers: 0, hits: 0, follows: 0, misses: 0, passes: 0, sent: 0, handed: 0, pulled: 0, fills: 0, failedFills: 0, cut: 0, left: 0 };
}

export function addCounts(to: Counts, from: Counts): void {
  for (const field of FIELDS) to[field] += from[field];
}

/** How much the base did not have to send. Pulled ahead of its use, a file costs at first: that is not counted as less than nothing. */
export function spared({ sent, pulled }: Pick<Counts, 'sent' | 'pulled'>): number {
  return Math.max(0, sent - pulled);
}

/** The share of answers, 0 to 1, that did not make the base send the file; undefined without any. */
export function hitRatio({ answers, hits, follows }: Counts): number | undefined {
  return answers === 0 ? undefined : (hits + follows) / answers;
}

/** One log line, as far as it is counted. */
export interface Counted {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly bytes: number;
  readonly cache: string;
  readonly sent: string;
  readonly pulled: number;
}

const ANSWERS: { readonly [cache: string]: 'hits' | 'follows' | 'misses' | 'passes' } = {
  hit: 'hits',
  stale: 'hits',
  follow: 'follows',
  miss: 'misses',
  pass: 'passes',
};

/** Adds a line to the counts. */
export function count(counts: Counts, { method, status, bytes, cache, sent, pulled }: Counted): void {
  counts.pulled += pulled;
  if (cache === 'fill') {
    counts.fills++;
    if (status >= 400) counts.failedFills++;
    return;
  }
  counts.requests++;
  counts.sent += bytes;
  if (sent === 'handed') counts.handed += bytes;
  else if (sent === 'cut') counts.cut++;
  else if (sent === 'left') counts.left++;
  const answer = method === 'GET' && (status === 200 || status === 206) ? ANSWERS[cache] : undefined;
  if (answer === undefined) return;
  counts.answers++;
  counts[answer]++;
}
