import type { Layout } from '../cache/layout.js';
import { type Counts, hitRatio, spared } from './counts.js';
import type { Disk } from './disk.js';
import type { RunningFill } from './fills.js';
import { DAY, type History, HOUR, type Summary } from './history.js';
import { printable } from '../log.js';

export const PERIODS = { hour: HOUR, day: DAY, month: 30 * DAY } as const;
export type Period = keyof typeof PERIODS;

/** How many files are told. */
const TOP = 10;

/** One time, as it is shown. */
export interface PeriodReport extends Counts {
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly hitRatio: number | null;
  readonly spared: number;
  /** How often which status from 400 on was sent, the most frequent first. */
  readonly errors: readonly { readonly status: number; readonly times: number }[];
  readonly top: readonly { readonly url: string; readonly requests: number; readonly bytes: number }[];
}

/** All that `offload status` tells; its JSON form is just this. */
export interface Report {
  readonly time: string;
  readonly base: string;
  readonly cacheDir: string;
  /** Null: there is none, and so no figures of requests but a running server's own. */
  readonly log: string | null;
  readonly periods: { readonly [P in Period]?: PeriodReport };
  /** Null where this can't be told. */
  readonly fills: readonly RunningFill[] | null;
  readonly disk: Disk | null;
}

interface Sources {
  readonly base: string;
  readonly layout: Layout;
  readonly log: string | undefined;
  readonly history: History | undefined;
  readonly fills: readonly RunningFill[] | undefined;
  readonly disk: Disk | undefined;
}

export function reportOf({ base, layout, log, history, fills, disk }: Sources, now: number, wanted: readonly Period[]): Report {
  const periods = history === undefined ? [] : wanted.map((period) => [period, periodOf(history.summary(now, PERIODS[period]))] as const);
  return {
    time: new Date(now).toISOString(),
    base,
    cacheDir: layout.root,
    log: log ?? null,
    periods: Object.fromEntries(periods),
    fills: fills === undefined ? null : fills.map((fill) => ({ ...fill, url: printable(fill.url) })),
    disk: disk ?? null,
  };
}

function periodOf({ since, counts, errors, top }: Summary): PeriodReport {
  return {
    since: new Date(since).toISOString(),
    ...counts,
    hitRatio: hitRatio(counts) ?? null,
    spared: spared(counts),
    errors: [...errors].map(([status, times]) => ({ status, times })).sort((a, b) => b.times - a.times),
    top: top.first(TOP).map(([url, { requests, bytes }]) => ({ url: printable(url), requests, bytes })),
  };
}
