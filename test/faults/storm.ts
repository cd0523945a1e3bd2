import { strict as assert } from 'node:assert';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Layout, UrlPlace } from '../../src/cache/layout.js';
import { type Exchange, exchange, fetchRaw, type RawAnswer } from '../support/client.js';
import { Dice } from '../support/dice.js';
import { mountTmpfs } from '../support/mount.js';
import { startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import type { Cleanup } from '../support/place.js';
import { processRuns } from '../support/processes.js';
import { serverDir, serverUser } from '../support/servers/server.js';
import { waitUntil, within } from '../support/wait.js';
import { FRONTS } from './fronts.js';
import { FULL_RATE, pickTrouble, setClock, type Stage, TROUBLES } from './troubles.js';
import { World } from './world.js';

/** Nothing may take longer, whatever happens, in milliseconds: Apache's Timeout, for a broken body without a length, is 60 s, and the machine may be busy. */
const LONGEST = 180_000;

interface StormOptions {
  readonly front: keyof typeof FRONTS;
  readonly seed: number;
  /** Of trouble. */
  readonly milliseconds: number;
  readonly clients?: number;
  readonly files?: number;
}

/** What happened, by name. */
export type Counts = Record<string, number>;

export interface Outcome {
  readonly answers: Counts;
  readonly troubles: Counts;
  readonly changes: number;
}

/**
 * Clients that want random ranges of random files at random speeds, and trouble of every kind at once; then calm. Throws at
 * the first answer that is wrong, and if anything is left behind. The same seed makes the same choices, though not at
 * the same microsecond.
 */
export async function storm(t: Cleanup, { front: name, seed, milliseconds, clients = 12, files = 9 }: StormOptions): Promise<Outcome> {
  const dice = new Dice(seed);
  const dir = serverDir(t);
  const cacheDir = join(dir, 'cache');
  const user = serverUser();
  const small = mountTmpfs(t, cacheDir, `size=24m${user === undefined ? '' : `,uid=${user.uid},gid=${user.gid}`}`) === undefined;
  const origin = await startOrigin(t, { rate: FULL_RATE });
  const world = new World(origin, dice.child(1), files);
  const settings = {
    OFFLOAD_BASE: origin.url,
    OFFLOAD_CACHE_DIR: cacheDir,
    OFFLOAD_KEEP_FREE: '0',
    OFFLOAD_TIMEOUT: '2s',
    OFFLOAD_MAX_DUPE_DOWNLOADS: '4',
  };
  const front = await FRONTS[name](t, dir, settings);
  const stage: Stage = { dir, cacheDir, origin, world, front, small };
  const outcome: Outcome = { answers: {}, troubles: {}, changes: 0 };
  let running = true;
  const end = performance.now() + milliseconds;
  const lasting = () => running && performance.now() < end;
  const actors = [
    ...Array.from({ length: clients }, (_, i) => client(stage, dice.child(100 + i), lasting, outcome.answers)),
    ...Array.from({ length: 4 }, (_, i) => trouble(stage, dice.child(10 + i), lasting, outcome.troubles)),
  ];
  try {
    await Promise.all(actors);
  } catch (error) {
    throw new Error(`seed ${seed}, ${name}: ${String(error)}\n${tail(front.log())}`, { cause: error });
  } finally {
    running = false;
    await Promise.allSettled(actors);
  }
  try {
    await aftermath(stage);
  } catch (error) {
    throw new Error(`seed ${seed}, ${name}, afterwards: ${String(error)}\n${tail(front.log())}`, { cause: error });
  }
  return { ...outcome, changes: world.changes };
}

const tail = (log: string): string => log.split('\n').slice(-60).join('\n');

const count = (counts: Counts, what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};

async function trouble(stage: Stage, dice: Dice, lasting: () => boolean, counts: Counts): Promise<void> {
  while (lasting()) {
    await sleep(400 * dice.number());
    const name = pickTrouble(dice);
    count(counts, name);
    await TROUBLES[name]?.[1](stage, dice);
  }
}

async function client(stage: Stage, dice: Dice, lasting: () => boolean, counts: Counts): Promise<void> {
  while (lasting()) {
    const { front, world } = stage;
    const path = dice.pick(world.paths);
    const method = dice.chance(0.1) ? 'HEAD' : 'GET';
    const from = performance.now();
    const running = exchange({ to: front.port, path, method, headers: randomFields(dice) });
    const leaves = await behave(running, dice);
    if (leaves) {
      count(counts, 'left');
      await running.done.catch(() => undefined);
      continue;
    }
    const answer = await within(running.done.catch(refused), () => `the answer to ${method} ${path}; ${running.sink.length} bytes came`, LONGEST);
    count(counts, answer === undefined ? 'no answer' : world.check({ path, method, from, until: performance.now() }, answer));
    // While a server starts there is nothing to learn.
    if (answer === undefined) await sleep(50);
  }
}

/** A server that was killed gives none; bytes that a check found wrong would come out otherwise. */
function refused(error: unknown): RawAnswer | undefined {
  if (/connection ended before/.test(String(error))) return undefined;
  throw error;
}

function randomFields(dice: Dice): Record<string, string> {
  const at = dice.below(1_500_000);
  const range = dice.pick([`bytes=${at}-`, `bytes=0-${at}`, `bytes=-${at}`, `bytes=${at}-${at + dice.below(200_000)}`]);
  const fields = { ...(dice.chance(0.5) ? { Range: range } : {}), ...(dice.chance(0.1) ? { 'If-None-Match': `"${dice.below(100)}"` } : {}) };
  return fields;
}

/** At some speed; true if the client has left. */
async function behave(running: Exchange, dice: Dice): Promise<boolean> {
  const kind = dice.number();
  const [bytes, time, how] = [dice.below(500_000), 800 * dice.number(), dice.pick(['reset', 'close'] as const)];
  if (kind < 0.15) {
    await Promise.race([running.waitForBody(bytes).catch(() => undefined), sleep(time)]);
    running.leave(how);
    return true;
  }
  if (kind < 0.35) {
    await running.waitForBody(1).catch(() => undefined);
    running.pause();
    await sleep(time);
    running.resume();
  }
  return false;
}

/** The storm is over: each file is served, and after that nothing is left but what is right. */
async function aftermath(stage: Stage): Promise<void> {
  const { world, origin, front, dir } = stage;
  origin.rate = Infinity;
  setClock(dir, 0);
  const early = front.workers();
  // A second round: what is left of the storm goes when the next version is complete.
  for (const _ of ['first', 'second']) {
    world.calm();
    await Promise.all(world.paths.map((path) => assertServed(stage, path)));
    await idle(stage);
  }
  for (const path of world.paths) assertTidy(stage, path);
  const gets = origin.count('GET');
  for (const path of world.paths) await assertServed(stage, path);
  assert.equal(origin.count('GET'), gets, `pulled again: ${origin.requests.slice(-25).join('\n')}`);
  if (front.name === 'apache') await waitUntil(() => !early.some(processRuns), { timeout: LONGEST, what: `the end of the processes ${early.join(' ')}` });
  // A server that ended by itself is started again by the next trouble: only its log tells.
  const fault = /^.*(?:fault: |on garbage collection|^Node\.js v).*$/m.exec(front.log());
  assert.equal(fault, null, `a fault of the program itself: ${fault?.[0]}`);
}

async function assertServed({ world, front, origin }: Stage, path: string): Promise<void> {
  const answer = await fetchRaw({ to: front.port, path, timeout: LONGEST });
  const lately = origin.requests.filter((request) => request.path === path).slice(-5);
  const log = () => `${path}, of which the base has ${JSON.stringify(world.now(path))}: ${answer.lines.join(' | ')}; ${answer.length} bytes. Asked of the base:\n${lately.join('\n')}`;
  assert.equal(answer.status, 200, log());
  assert.equal(answer.sha256, patternHash(world.now(path)), log());
}

/** No fill runs; a dead one's lock goes with the next. */
async function idle({ cacheDir, front, origin, world }: Stage): Promise<void> {
  const busy = () => world.paths.flatMap((path) => namesOf(cacheDir, origin.url, path)).filter((name) => name.endsWith('.part') || (front.name === 'serve' && /\.lock/.test(name)));
  const workers = () => (front.name === 'apache' ? front.workers() : []);
  await waitUntil(() => workers().length === 0 && busy().length === 0, { timeout: LONGEST, what: () => `the end of fills: ${workers().join(' ')} ${busy().join(' ')}` });
}

function namesOf(cacheDir: string, base: string, path: string): string[] {
  const { directory } = new Layout(cacheDir).url(base, path);
  return statSync(directory, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(directory);
}

/** The base's version, whole, and its record; a verdict or a young draft harms nobody. */
function assertTidy({ cacheDir, origin, world }: Stage, path: string): void {
  const { directory } = new Layout(cacheDir).url(origin.url, path);
  const names = namesOf(cacheDir, origin.url, path).filter((name) => UrlPlace.parse(name)?.kind !== 'verdict' && !UrlPlace.isDraft(name));
  const left = names.map((name) => ({ name, kind: UrlPlace.parse(name)?.kind ?? name, ...shortStat(join(directory, name)) })).sort((a, b) => a.kind.localeCompare(b.kind));
  const what = `${path}, of which the base has ${JSON.stringify(world.now(path))}: ${JSON.stringify(left)}`;
  assert.deepEqual(left.map(({ kind }) => kind), ['body', 'head'], what);
  assert.equal(left[0]?.size, world.now(path).size, what);
}

function shortStat(path: string): { size: number; modified: string } {
  const { size, mtime } = statSync(path);
  return { size, modified: mtime.toISOString() };
}
