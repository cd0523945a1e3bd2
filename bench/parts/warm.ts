import { setTimeout as sleep } from 'node:timers/promises';
import { patternBytes } from '../../test/support/pattern.js';
import { get } from '../measure/client.js';
import { treeCpu } from '../measure/cpu.js';
import { shuffled, summarize } from '../measure/statistics.js';
import { lackingWrk, wrk } from '../measure/wrk.js';
import { type Context, inScope, type Part, type Scope } from '../part.js';
import type { Row, Table } from '../report/table.js';
import { contenders } from '../servers/all.js';
import { makeFile, startBase } from '../servers/base.js';
import type { BaseServer, Contender, Front } from '../servers/contender.js';
import { emptyNodeCgi } from '../servers/offload.js';

const CONNECTIONS = 4;
const SIZES = [
  { name: 'warm-8k', path: '/8k.bin', size: 8192, words: '8 KB' },
  { name: 'warm-1m', path: '/1m.bin', size: 2 ** 20, words: '1 MB' },
] as const;

/** A contender that runs, and what was measured of it so far. */
interface Running {
  readonly contender: Contender;
  readonly front: Front;
  readonly rates: number[];
  readonly cpu: number[];
  /** Questions to the base for each request. */
  readonly asked: number[];
}

/** What a server can do with a file it has. */
export const warmPart: Part = {
  name: 'warm',
  summary: `warm hits of 8 KB and 1 MB over ${CONNECTIONS} connections: requests/s, CPU for each`,
  run: async (context) => {
    const missing = lackingWrk();
    if (missing !== false) throw new Error(`warm ${missing}`);
    const tables: Table[] = [];
    for (const size of SIZES) tables.push(await inScope(async (scope) => measure(context, scope, size)));
    return tables;
  },
};

async function measure(context: Context, scope: Scope, { name, path, size, words }: (typeof SIZES)[number]): Promise<Table> {
  const base = await startBase(scope);
  makeFile(base, path, size);
  const { chosen, left } = contenders(context, () => true);
  const running: Running[] = [];
  for (const contender of chosen) {
    const front = await contender.start(scope, base, { mpm: 'prefork' });
    await warmUp(contender, front, path, size);
    running.push({ contender, front, rates: [], cpu: [], asked: [] });
  }
  const rounds = context.quick ? 1 : 5;
  for (let round = 0; round < rounds; round++) {
    context.progress(`${words}: round ${round + 1} of ${rounds}`);
    for (const one of shuffled(running)) await load(one, base, path, context.quick ? 1 : 3);
  }
  return {
    name,
    title: `Warm hits of ${words}, ${CONNECTIONS} connections`,
    columns: [
      { title: 'requests/s', unit: '', digits: 0 },
      { title: 'CPU per request', unit: 'µs', digits: 0 },
      { title: 'questions to the base per request', unit: '', digits: 2 },
    ],
    rows: running.map(row),
    charted: [
      { column: 0, scale: 'log' },
      { column: 1, scale: 'log' },
    ],
    notes: [
      'CPU: user and system time of all processes of the server, without the base and the client; all three share the cores.',
      `${rounds} rounds of ${context.quick ? 1 : 3} s, after 2 s to warm up, all servers in each round in random order; medians, quartiles in parentheses.`,
      'CGIs run under Apache prefork with mod_cgi: nobody waits for the scripts of mod_cgid or fcgiwrap, their CPU time is lost.',
      ...left,
    ],
  };
}

/** The file comes into the cache, and is right; then two seconds of load, so that all that is made at run time (V8's code too) is made. */
async function warmUp(contender: Contender, { port }: Front, path: string, size: number): Promise<void> {
  const expected = contender === emptyNodeCgi ? Buffer.alloc(0) : patternBytes(1, 0, size);
  for (let i = 0; i < 2; i++) {
    const { right, status, header } = await get(port, path, expected);
    if (!right || status !== 200) throw new Error(`${contender.name} does not answer with the file:\n${header}`);
  }
  await wrk(`http://127.0.0.1:${port}${path}`, CONNECTIONS, 2);
  await sleep(300);
}

async function load({ front, rates, cpu, asked }: Running, base: BaseServer, path: string, seconds: number): Promise<void> {
  const questions = base.total();
  const before = treeCpu(front.roots);
  const done = await wrk(`http://127.0.0.1:${front.port}${path}`, CONNECTIONS, seconds);
  // A script that was running when the client left is counted once it has ended.
  await sleep(100);
  rates.push(done.requests / done.seconds);
  cpu.push((treeCpu(front.roots) - before) / done.requests);
  asked.push((base.total() - questions) / done.requests);
}

function row({ contender, rates, cpu, asked }: Running): Row {
  // The base doesn't ask itself.
  const questions = contender.asks === '–' ? '–' : summarize(asked);
  return { name: contender.name, own: contender.own, cells: [summarize(rates), contender.losesCpu === true ? '–' : summarize(cpu), questions] };
}
