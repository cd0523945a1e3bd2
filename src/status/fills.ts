import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Layout, UrlPlace } from '../cache/layout.js';
import { sleep } from '../sleep.js';

/** A body on its way into the cache. */
export interface RunningFill {
  readonly url: string;
  /** Bytes that are here, and that it will have. */
  readonly here: number;
  readonly length: number;
  /** Bytes per second, over the last moment. */
  readonly speed: number;
  /** Requests that are being sent it meanwhile. */
  readonly followers: number;
}

/** Between two looks, for the speed, in milliseconds. */
const LOOK_AGAIN = 400;

interface OpenPart {
  readonly path: string;
  writers: number;
  readers: number;
}

/**
 * The fills that processes of this machine run, the nearest to its end last. Found by the files that those processes
 * have open, not by searching the cache: that takes as long however much is in it. Undefined where /proc doesn't tell, of
 * others' processes it tells only root.
 */
export async function runningFills(layout: Layout): Promise<RunningFill[] | undefined> {
  const parts = openParts(layout.root);
  if (parts === undefined || parts.length === 0) return parts && [];
  const first = parts.map(({ path }) => sizeOf(path));
  const began = performance.now();
  await sleep(LOOK_AGAIN);
  const seconds = (performance.now() - began) / 1000;
  const fills = parts.map((part, i) => fillOf(layout, part, first[i] ?? 0, seconds)).filter((fill) => fill !== undefined);
  return fills.sort((a, b) => a.here / a.length - b.here / b.length);
}

function fillOf(layout: Layout, { path, writers, readers }: OpenPart, before: number, seconds: number): RunningFill | undefined {
  const version = UrlPlace.parse(basename(path))?.version;
  if (writers === 0 || version === undefined) return undefined;
  try {
    const { url, length } = JSON.parse(readFileSync(new UrlPlace(layout, dirname(path), '').head(version), 'latin1')) as { url: unknown; length: unknown };
    if (typeof url !== 'string' || typeof length !== 'number') return undefined;
    const here = sizeOf(path) || before;
    return { url, here, length, speed: Math.max(0, here - before) / seconds, followers: readers };
  } catch {
    return undefined; // whole by now, or given up
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function openParts(root: string): OpenPart[] | undefined {
  const found = new Map<string, OpenPart>();
  let start: string;
  let pids: string[];
  try {
    if (!existsSync(root)) return [];
    start = `${realpathSync(root)}/`;
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  for (const pid of pids) for (const { path, writes } of openFiles(`/proc/${pid}`, start)) note(found, path, writes);
  return [...found.values()];
}

function note(found: Map<string, OpenPart>, path: string, writes: boolean): void {
  const part = found.get(path) ?? { path, writers: 0, readers: 0 };
  if (writes) part.writers++;
  else part.readers++;
  found.set(path, part);
}

function openFiles(process: string, start: string): { path: string; writes: boolean }[] {
  const parts: { path: string; writes: boolean }[] = [];
  for (const fd of namesIn(`${process}/fd`)) {
    try {
      const path = readlinkSync(`${process}/fd/${fd}`);
      if (path.startsWith(start) && UrlPlace.parse(basename(path))?.kind === 'part') parts.push({ path, writes: isWritable(`${process}/fdinfo/${fd}`) });
    } catch {
      // Closed meanwhile.
    }
  }
  return parts;
}

/** The flags of open(2), in octal (proc(5)): their last two bits tell. */
function isWritable(info: string): boolean {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(info, 'latin1'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & 3) !== 0;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // ended, or another user's
  }
}
