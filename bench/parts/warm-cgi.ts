import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCgi } from '../../test/support/build.js';
import { cgiEnvironment } from '../../test/support/cgi.js';
import { startOrigin } from '../../test/support/origin.js';
import { tempDir } from '../../test/support/place.js';
import { waitUntil } from '../../test/support/wait.js';
import { runMeasured } from '../measure/cpu.js';
import { countInstructions, lackingValgrind } from '../measure/instructions.js';
import { shuffled, summarize } from '../measure/statistics.js';
import type { Context, Part } from '../part.js';
import type { Table } from '../report/table.js';

const URL = '/file.zip';
const SIZE = 8192;
/** At most so many times the CPU of an empty Node script (issue 2, section 6). */
const GOAL = 1.45;

/** A script with its environment, and what its output must have in it to be what we mean to measure. */
interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly expected: RegExp;
}

/** The CPU of a warm hit, and where it goes: scripts that do more and more of it. */
export const warmCgiPart: Part = {
  name: 'warm-cgi',
  summary: 'CPU of one warm hit of the CGI, as a multiple of an empty Node script',
  run: async (context) => {
    const steps = await prepare(context);
    const table = await measure(context, steps);
    return context.instructions ? [table, await instructions(context, steps)] : [table];
  },
};

async function prepare({ scope }: Context): Promise<Step[]> {
  const dir = tempDir(scope);
  const origin = await startOrigin(scope);
  origin.file(URL, { body: { seed: 1, size: SIZE } });
  const install = (name: string, text: string) => {
    const path = join(dir, name);
    // This Node, without a search along PATH: the same start for all.
    writeFileSync(path, `#!${process.execPath}\n${text}`);
    chmodSync(path, 0o755);
    return [path];
  };
  // The base asks for a password: the script asks the base, and has nothing to do with its cache.
  origin.file('/secret', { body: '', status: 401 });
  const offload = install('offload.cgi', readFileSync(await offloadCgi(), 'utf8').replace(/^#!.*\n/, ''));
  const empty = install('empty.cgi', '');
  const net = install('net.cgi', "require('node:net');\n");
  const env = (settings: Record<string, string>, method = 'GET', url = URL) =>
    cgiEnvironment({ url, method, settings: { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), ...settings } }, offload[0] ?? '');
  const hit = (name: string, settings: Record<string, string>): Step => ({ name, command: offload, env: env(settings), expected: /^Cache-Status: .*hit/m });
  const warm = hit('warm hit: the HEAD, and 8 KB from the cache', {});
  // Where others may write, offload.cgi keeps nothing compiled.
  const shared = join(dir, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o770);
  const anew = hit('for comparison: the same, the program compiled anew', { OFFLOAD_CACHE_DIR: shared });
  for (const { command, env: own, expected } of [warm, anew]) {
    await waitUntil(async () => expected.test((await runMeasured(command, own)).stdout.toString('latin1')), { what: 'a hit' });
  }
  // A fill whose lock is gone ends at once: the program is loaded, and nothing is done.
  const noJob = JSON.stringify({ path: URL, version: {}, lock: { path: join(dir, 'none'), number: 0, token: '' }, settings: {} });
  return [
    { name: 'empty Node script', command: empty, env: env({}), expected: /^$/ },
    { name: 'the program is loaded', command: offload, env: { OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_FILL_JOB: noJob }, expected: /^$/ },
    { name: 'settings are read, an answer of its own (405)', command: offload, env: env({}, 'PUT'), expected: /^Status: 405/ },
    { name: 'the base is asked (HEAD), its answer passed on (403)', command: offload, env: env({}, 'GET', '/secret'), expected: /^Status: 403/ },
    warm,
    anew,
    hit('for comparison: a fresh hit, without a HEAD', { OFFLOAD_FRESH: '1h' }),
    { name: "for comparison: only require('node:net')", command: net, env: env({}), expected: /^$/ },
  ];
}

async function measure({ quick, progress }: Context, steps: readonly Step[]): Promise<Table> {
  const rounds = quick ? 5 : 61;
  progress(`${rounds} rounds of ${steps.length} scripts, each round in random order`);
  const times = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const step of shuffled(steps)) {
      const { cpu, stdout } = await runMeasured(step.command, step.env);
      if (!step.expected.test(stdout.toString('latin1'))) throw new Error(`${step.name}: it answered ${stdout.toString('latin1', 0, 300)}`);
      times[steps.indexOf(step)]?.push(cpu);
    }
  }
  const [empty = []] = times;
  return {
    name: 'warm-cgi',
    title: `CPU of a CGI process, run directly, ${rounds} times each`,
    columns: [
      { title: 'CPU', unit: 'ms', digits: 1 },
      { title: 'as a multiple of an empty Node script', unit: '', digits: 2 },
    ],
    rows: steps.map(({ name, command }, i) => ({
      name,
      own: command[0]?.endsWith('offload.cgi') === true,
      cells: [
        summarize((times[i] ?? []).map((us) => us / 1000)),
        // Of the same round: what else the machine did then has slowed both.
        summarize((times[i] ?? []).map((us, round) => us / (empty[round] ?? Number.NaN))),
      ],
    })),
    charted: [{ column: 1, scale: 'linear' }],
    notes: [
      `Goal: a warm hit at most ${GOAL} times an empty script.`,
      'User and system time by getrusage; medians, and in parentheses the quartiles. Ratios are taken within each round.',
    ],
  };
}

async function instructions({ quick, progress }: Context, steps: readonly Step[]): Promise<Table> {
  const lacks = lackingValgrind();
  if (lacks !== false) throw new Error(`--instructions ${lacks}`);
  const runs = quick ? 1 : 3;
  const counts: number[][] = [];
  for (const { name, command, env } of steps) {
    progress(`instructions: ${name}`);
    const list: number[] = [];
    for (let i = 0; i < runs; i++) list.push(await countInstructions(command, env));
    counts.push(list);
  }
  const empty = summarize(counts[0] ?? []).median;
  return {
    name: 'warm-cgi-instructions',
    title: 'Instructions of a CGI process in user space (valgrind)',
    columns: [
      { title: 'instructions', unit: 'millions', digits: 1 },
      { title: 'as a multiple of an empty Node script', unit: '', digits: 2 },
    ],
    rows: steps.map(({ name, command }, i) => ({
      name,
      own: command[0]?.endsWith('offload.cgi') === true,
      cells: [summarize((counts[i] ?? []).map((n) => n / 1e6)), summarize((counts[i] ?? []).map((n) => n / empty))],
    })),
    charted: [],
    notes: ["Work in the kernel (a start's page faults, sockets, files) is not in it: CPU time above is what counts."],
  };
}
