import { strict as assert } from 'node:assert';
import { existsSync, lutimesSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir, type Cleanup } from '../support/place.js';
import type { WebServer } from '../support/servers/server.js';
import { FRONTS, PLAIN, startBase, type Front } from './fronts.js';
import { lackingPrograms, runProgram, type Program, type Ran } from './programs.js';
import { startTap, type Seen } from './tap.js';

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
  /** The outcome at an offload server where, by design, it is another than at plain Apache. */
  readonly byDesign?: unknown;
  /** True if the job itself makes the offload server pull a file twice. */
  readonly changes?: true;
}

/** Registers a test: each job is done at plain Apache first, then at every front, cold and warm, with the same outcome. */
export function testClient(name: string, programs: readonly Program[], jobs: readonly Job[]): void {
  test(name, { skip: lackingPrograms('apache2', ...programs) }, async (t) => {
    const base = await startBase(t);
    const stage: Stage = { t, base, ports: new Map() };
    for (const front of [PLAIN, ...FRONTS]) stage.ports.set(front, await front.start(t, base));
    for (const [index, job] of jobs.entries()) {
      await t.test(job.name, async (s) => {
        await makeFiles(stage, job, `job${index}`);
        const right = await runAt(s, stage, PLAIN, job, `job${index}`);
        for (const front of FRONTS) await compare(s, stage, front, job, `job${index}`, job.byDesign ?? right);
      });
    }
  });
}

interface Stage {
  readonly t: Cleanup;
  readonly base: WebServer;
  readonly ports: Map<Front, number>;
}

async function compare(t: Cleanup, stage: Stage, front: Front, job: Job, below: string, right: unknown): Promise<void> {
  const log = join(stage.base.dir, 'offload.log');
  writeFileSync(log, '');
  for (const state of ['cold', 'warm']) {
    const outcome = await runAt(t, stage, front, job, below).catch((error: unknown) => {
      throw new Error(`${front.name}, ${state}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    assert.deepEqual(outcome, right, `${front.name}, ${state}`);
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

async function runAt(t: Cleanup, { base, ports }: Stage, front: Front, job: Job, below: string): Promise<unknown> {
  const port = ports.get(front);
  assert.ok(port !== undefined);
  const tap = await startTap(t, port);
  const dir = tempDir(t);
  const files = join(base.dir, 'htdocs', below);
  assert.ok(existsSync(files));
  let taken = 0;
  const take = (): Seen[] => {
    const requests = tap.seen.slice(taken);
    taken = tap.seen.length;
    return requests;
  };
  const run: Place['run'] = (program, ...args) => runProgram(dir, program, args);
  const runWith: Place['runWith'] = (env, program, ...args) => runProgram(dir, program, args, env);
  return job.run({ t, url: `${tap.url}/${below}/`, dir, files, take, run, runWith });
}
