import { chmodSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../support/dice.js';
import type { Origin } from '../support/origin.js';
import type { Front } from './fronts.js';
import type { World } from './world.js';

const HOUR = 3_600_000;
/** Of the base when nothing slows it, in bytes per second. */
export const FULL_RATE = 24 * 1_048_576;

export interface Stage {
  readonly dir: string;
  readonly cacheDir: string;
  readonly origin: Origin;
  readonly world: World;
  readonly front: Front;
  /** The cache is a small file system of its own, that may be filled up. */
  readonly small: boolean;
}

/** One kind of trouble; resolves when it is over. */
type Trouble = (stage: Stage, dice: Dice) => void | Promise<void>;

/** What may go wrong, each with how often, relatively. */
export const TROUBLES: Readonly<Record<string, readonly [weight: number, trouble: Trouble]>> = {
  'file changed on the base': [12, ({ world }, dice) => world.change(dice.pick(world.paths))],
  'worker killed (SIGKILL)': [10, (stage, dice) => signalWorker(stage, dice, 'SIGKILL')],
  'worker told to end (SIGTERM)': [3, (stage, dice) => signalWorker(stage, dice, 'SIGTERM')],
  'worker stopped for a while': [4, stopWorker],
  'server killed or restarted': [1, ({ front }) => front.restart()],
  'base refuses connections': [2, baseRefuses],
  'base is silent': [1, baseIsSilent],
  'base is slow': [2, baseIsSlow],
  'disk full': [2, diskFull],
  'cache read-only': [2, readOnly],
  'file of the cache deleted by hand': [6, ({ cacheDir }, dice) => deleteSome(cacheDir, dice)],
  'cache deleted by hand': [0.5, ({ cacheDir }) => remove(join(cacheDir, 'urls'))],
  'clock moved': [2, moveClock],
};

export function pickTrouble(dice: Dice): string {
  const names = Object.keys(TROUBLES);
  const weight = (name: string): number => TROUBLES[name]?.[0] ?? 0;
  let at = dice.number() * names.reduce((sum, name) => sum + weight(name), 0);
  return names.find((name) => (at -= weight(name)) < 0) ?? (names[0] as string);
}

/** serve is one process: killed, it must be started again. */
async function signalWorker({ front }: Stage, dice: Dice, signal: NodeJS.Signals): Promise<void> {
  if (front.name === 'serve') return dice.chance(0.1) ? front.restart() : undefined;
  const workers = front.workers();
  if (workers.length > 0) signalTo(dice.pick(workers), signal);
}

async function stopWorker({ front }: Stage, dice: Dice): Promise<void> {
  const workers = front.workers();
  if (workers.length === 0) return;
  const pid = dice.pick(workers);
  signalTo(pid, 'SIGSTOP');
  // Beyond ten seconds it is given up for dead, and wakes up beside its successor.
  await sleep(dice.chance(0.1) ? 11_500 : 1500 * dice.number());
  signalTo(pid, 'SIGCONT');
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It was quicker.
  }
}

async function baseRefuses({ origin }: Stage, dice: Dice): Promise<void> {
  await origin.refuse({ keep: dice.chance(0.3) });
  await sleep(1500 * dice.number());
  await origin.accept();
}

async function baseIsSilent({ origin }: Stage, dice: Dice): Promise<void> {
  origin.silent = true;
  await sleep(2500 * dice.number());
  origin.silent = false;
}

async function baseIsSlow({ origin }: Stage, dice: Dice): Promise<void> {
  origin.rate = 20_000 + dice.below(400_000);
  await sleep(2000 * dice.number());
  origin.rate = FULL_RATE;
}

async function diskFull({ cacheDir, small }: Stage, dice: Dice): Promise<void> {
  if (!small) return;
  const ballast = join(cacheDir, 'ballast');
  try {
    for (let n = 0; ; n++) writeFileSync(`${ballast}.${n}`, Buffer.alloc(1_048_576));
  } catch {
    await sleep(1000 * dice.number());
  }
  for (const name of readdirSync(cacheDir)) if (name.startsWith('ballast')) remove(join(cacheDir, name));
}

async function readOnly({ cacheDir }: Stage, dice: Dice): Promise<void> {
  const names = inside(cacheDir).filter((name) => !/\.[a-z]+$/.test(name));
  const dir = join(cacheDir, dice.chance(0.3) || names.length === 0 ? '.' : dice.pick(names));
  mode(dir, 0o500);
  await sleep(1000 * dice.number());
  mode(dir, 0o700);
}

function mode(path: string, bits: number): void {
  try {
    if (statSync(path).isDirectory()) chmodSync(path, bits);
  } catch {
    // Deleted by hand meanwhile.
  }
}

function deleteSome(cacheDir: string, dice: Dice): void {
  const names = inside(cacheDir).filter((name) => name.startsWith('urls/'));
  if (names.length === 0) return;
  const path = join(cacheDir, dice.pick(names));
  try {
    unlinkSync(path);
  } catch {
    // A directory, or somebody was quicker.
  }
}

function inside(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
  } catch {
    // Somebody writes there all the time: most of it is gone.
  }
}

async function moveClock({ dir }: Stage, dice: Dice): Promise<void> {
  setClock(dir, Math.round((dice.number() - 0.5) * dice.pick([0.01, 2, 100]) * HOUR));
  await sleep(2000 * dice.number());
  setClock(dir, 0);
}

/** Moves the clock of all processes under test, by milliseconds. */
export function setClock(dir: string, moved: number): void {
  writeFileSync(join(dir, 'clock.moved'), String(moved));
}
