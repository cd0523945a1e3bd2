import { strict as assert } from 'node:assert';
import { lutimesSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir, type Cleanup } from '../support/place.js';
import type { WebServer } from '../support/servers/server.js';
import { FRONTS, PLAIN, startBase, type Front, type Running } from './fronts.js';
import { lackingPrograms, runProgram, type Program, type Ran } from './programs.js';
import { startTap, type Seen, type Tap } from './tap.js';

/** When a test's files were changed last: long ago, so that Apache's ETags are strong. */
export const CHANGED = new Date('2026-02-03T04:05:06Z');

/** Where one run of a client happens. */
export interface Place {
  readonly t: Cleanup;
  /** Of the job's files, with a slash at the end. */
  readonly url: string;
  /** The client's own directory: empty, and its home. */
  readonly dir: string;
  /** The job's files on the base. */
  readonly files: string;
  /** Requests since the run began; `take` forgets them. */
  readonly take: () => Seen[];
  readonly run: (program: Program, ...args: string[]) => Promise<Ran>;
  readonly runWith: (env: Readonly<Record<string, string>>, program: Program, ...args: string[]) => Promise<Ran>;
}

/** Something that a client does. */
export interface Job {
  /** What it shows. */
  readonly name: string;
  /** Makes the job's files. */
  readonly files: (dir: string) => void | Promise<void>;
  /** Runs the client; what it returns must be the same at each server. */
  readonly run: (place: Place) => Promise<unknown>;
  /** Where the outcome is, by design, another than at plain Apache: when the client asks the offload server itself, when it is sent there. */
  readonly byDesign?: { readonly direct?: unknown; readonly redirected?: unknown };
  /** True if the job itself makes the offload server pull a file twice. */
  readonly changes?: true;
}

/** Registers a test: each job is done at plain Apache first, then at every front, cold and warm, with the same outcome. */
export function testClient(name: string, programs: readonly Program[], jobs: readonly Job[]): void {
  test(name, { skip: lackingPrograms('apache2', ...programs) }, async (t) => {
    const base = await startBase(t);
    const stage: Stage = { t, base, fronts: new Map() };
    await Promise.all([PLAIN, ...FRONTS].map(async (front) => stage.fronts.set(front, await front.start(t, base))));
    for (const [index, job] of jobs.entries()) {
      await t.test(job.name, async (s) => {
        await makeFiles(stage, job, `job${index}`);
        const right = await runAt(s, stage, PLAIN, job, `job${index}`);
        for (const front of FRONTS) await compare(s, stage, front, job, `job${index}`, right);
      });
    }
    for (const { hop } of stage.fronts.values()) assert.notEqual(hop?.seen.length, 0, 'nobody was redirected');
  });
}

interface Stage {
  readonly t: Cleanup;
  readonly base: WebServer;
  readonly fronts: Map<Front, Running>;
}

async function compare(t: Cleanup, stage: Stage, front: Front, job: Job, below: string, right: unknown): Promise<void> {
  const { direct = right, redirected = right } = job.byDesign ?? {};
  const expected = stage.fronts.get(front)?.hop === undefined ? direct : redirected;
  const log = join(stage.base.dir, 'offload.log');
  writeFileSync(log, '');
  for (const state of front.states) {
    const outcome = await runAt(t, stage, front, job, below).catch((error: unknown) => {
      throw new Error(`${front.name}, ${state}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    assert.deepEqual(outcome, expected, `${front.name}, ${state}`);
  }
  if (job.changes !== true) assert.deepEqual(pulledAgain(readFileSync(log, 'latin1')), [], `${front.name}: pulled more than once`);
}

/** Paths whose whole body an offload server asked for more than once. Listings aren't cached. */
function pulledAgain(log: string): string[] {
  const pulls = log.split('\n').filter((line) => line.startsWith('GET 200 ') && !line.endsWith('/'));
  return pulls.filter((line, i) => pulls.indexOf(line) < i);
}

async function makeFiles({ base }: Stage, job: Job, below: string): Promise<void> {
  const dir = join(base.dir, 'htdocs', below);
  mkdirSync(dir, { recursive: true });
  await job.files(dir);
  setChanged(dir);
}

/** Sets the time of a whole tree. */
export function setChanged(dir: string, time = CHANGED): void {
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) lutimesSync(join(dir, entry), time, time);
}

async function runAt(t: Cleanup, { base, fronts }: Stage, front: Front, job: Job, below: string): Promise<unknown> {
  const running = fronts.get(front);
  assert.ok(running !== undefined);
  const tap = await startTap(t, () => running.port);
  const dir = tempDir(t);
  const files = join(base.dir, 'htdocs', below);
  const { take } = new Requests(tap, running.hop);
  const run: Place['run'] = (program, ...args) => runProgram(dir, program, args);
  const runWith: Place['runWith'] = (env, program, ...args) => runProgram(dir, program, args, env);
  return job.run({ t, url: `${tap.url}/${below}/`, dir, files, take, run, runWith });
}

/** What a client asked, wherever it was sent: a redirect is only the way. */
class Requests {
  readonly #taken: number[];
  readonly #taps: readonly Tap[];

  constructor(...taps: readonly (Tap | undefined)[]) {
    this.#taps = taps.filter((tap) => tap !== undefined);
    this.#taken = this.#taps.map(({ seen }) => seen.length);
  }

  readonly take = (): Seen[] => {
    const requests = this.#taps.flatMap(({ seen }, i) => seen.slice(this.#taken[i]));
    for (const [i, { seen }] of this.#taps.entries()) this.#taken[i] = seen.length;
    return requests.filter(({ status }) => status !== 307).sort((a, b) => a.at - b.at);
  };
}
