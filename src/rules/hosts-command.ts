import { setTimeout as pause } from 'node:timers/promises';
import { type Arguments, flag, flagList, flagNumber, isSet } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { reporting } from '../cli/reporting.js';
import type { Rules } from './directives.js';
import { contentOf, hostsMap, replaceFile } from './hosts-map.js';
import { formatHealth, type Health, observe, parseHealth, type Patience, UNKNOWN } from './hosts-state.js';
import { readInput } from './input.js';
import { probe } from './probe.js';

const COMMAND = 'offload hosts';
interface Watch {
  readonly rules: Rules;
  readonly map: string;
  readonly paths: readonly string[];
  readonly timeout: number;
  readonly patience: Patience;
}

/**
 * `offload hosts`: probes the hosts and writes the map, once or until `signal`, SIGTERM or SIGINT.
 * @returns the exit code: 0; 1 if the single round found every host dead; 2 for input that can't be used.
 */
export async function hostsCommand(given: Arguments, io: Io, signal?: AbortSignal): Promise<number> {
  const { rules } = await readInput({ ...given, flags: { ...given.flags, 'no-resolve': true } }, io);
  const watch = settings(given, rules);
  const known = parseHealth(contentOf(healthFile(watch.map)));
  writeMap(watch, known, io); // before the first answer: Apache doesn't start without its map
  if (isSet(given, 'watch')) return watching(watch, known, flagNumber(given, 'interval', 0.01, 86_400), io, signal);
  await round(watch, known, io);
  return rules.hosts.some(({ href }) => isAlive(known, href)) ? EXIT.done : EXIT.failed;
}

function settings(given: Arguments, rules: Rules): Watch {
  const map = flag(given, 'map');
  if (map === undefined) throw new Problem('--map', 'name the file that Apache reads (as in offload rules --map)');
  if (!rules.engine) throw new Problem('OffloadEngine', 'is Off; nothing to watch');
  const paths = flagList(given, 'probe');
  const odd = paths.find((path) => !/^\/[!-~]*$/.test(path));
  if (odd !== undefined) throw new Problem(`--probe ${odd}`, 'must be a URL path that begins with "/"');
  const patience = { down: flagNumber(given, 'down', 1, 1000), up: flagNumber(given, 'up', 1, 1000) };
  return { rules, map, paths, timeout: flagNumber(given, 'timeout', 0.01, 600) * 1000, patience };
}

async function watching(watch: Watch, known: Map<string, Health>, interval: number, io: Io, signal?: AbortSignal): Promise<number> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end, { once: true });
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  try {
    while (!stop.signal.aborted) {
      const code = await reporting(io, COMMAND, () => round(watch, known, io)); // a full disk may be mended by then
      if (code !== EXIT.done) io.stderr.write(`${COMMAND}: trying again in ${interval} s\n`);
      await pause(interval * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGTERM', end);
    process.off('SIGINT', end);
  }
  return EXIT.done;
}

/** Asks all hosts at once, then writes what changed. */
async function round(watch: Watch, known: Map<string, Health>, io: Io): Promise<number> {
  const answers = await Promise.all(
    watch.rules.hosts.map(async ({ href }) => ({ href, answer: await probe(href, watch.paths, watch.timeout) })),
  );
  for (const { href, answer } of answers) {
    const before = known.get(href) ?? UNKNOWN;
    const after = observe(before, answer.healthy, watch.patience);
    known.set(href, after);
    if (after.alive !== before.alive) io.stderr.write(`${href}: ${after.alive ? 'alive again' : `dead (${answer.detail})`}\n`);
  }
  writeMap(watch, known, io);
  const listed = watch.rules.hosts.map(({ href }) => [href, known.get(href) ?? UNKNOWN] as const);
  replaceFile(healthFile(watch.map), formatHealth(new Map(listed)));
  return EXIT.done;
}

function writeMap(watch: Watch, known: ReadonlyMap<string, Health>, io: Io): void {
  if (!replaceFile(watch.map, hostsMap(watch.rules, (href) => isAlive(known, href)))) return;
  const alive = watch.rules.hosts.filter(({ href }) => isAlive(known, href)).length;
  io.stderr.write(`${watch.map}: ${alive} of ${watch.rules.hosts.length} hosts\n`);
}

function isAlive(known: ReadonlyMap<string, Health>, href: string): boolean {
  return (known.get(href) ?? UNKNOWN).alive;
}

function healthFile(map: string): string {
  return `${map}.health`;
}
