import { setTimeout as sleep } from 'node:timers/promises';
import { patternBytes } from '../../test/support/pattern.js';
import { get } from '../measure/client.js';
import { treeMemory } from '../measure/memory.js';
import { SlowClients } from '../measure/slow-clients.js';
import { summarize } from '../measure/statistics.js';
import { type Context, inScope, type Part, type Scope } from '../part.js';
import type { Row, Table } from '../report/table.js';
import { contenders } from '../servers/all.js';
import { makeFile, startBase } from '../servers/base.js';
import { putToWork } from '../servers/work.js';
import type { BaseServer, Contender } from '../servers/contender.js';

const CLIENTS = 200;
const PACE = 100_000;
const SIZE = 200 * 2 ** 20;
const PATH = '/200m.bin';

/** What a server holds while its clients take their time. */
export const slowPart: Part = {
  name: 'slow',
  summary: `memory for ${CLIENTS} downloads of a cached 200 MB file at ${PACE / 1000} KB/s`,
  run: async (context) => {
    const base = await startBase(context.scope);
    makeFile(base, PATH, SIZE);
    const { chosen, left } = contenders(context, ({ name }) => !name.startsWith('an empty'));
    const rows: Row[] = [];
    for (const contender of chosen) {
      context.progress(contender.name);
      rows.push(await inScope(async (scope) => measure(context, scope, contender, base)));
    }
    return [table(rows, context, left)];
  },
};

async function measure({ quick }: Context, scope: Scope, contender: Contender, base: BaseServer): Promise<Row> {
  const front = await contender.start(scope, base, { mpm: 'event' });
  const expected = patternBytes(1, 0, SIZE);
  for (let i = 0; i < 2; i++) {
    const { right, header } = await get(front.port, PATH, expected);
    if (!right) throw new Error(`${contender.name} does not answer with the file:\n${header}`);
  }
  await putToWork(front, base);
  await sleep(2000);
  const idle = treeMemory(front.roots);
  const clients = new SlowClients(front.port, PATH, PACE);
  scope.after(() => clients.end());
  // Ten at a time: it is not their start that is measured.
  const count = quick ? 40 : CLIENTS;
  for (let n = 0; n < count; n += 10) await clients.add(10);
  await sleep(2000);
  const samples: number[] = [];
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    await sleep(1000);
    samples.push((treeMemory(front.roots).pss - idle.pss) / count);
  }
  if (clients.running !== count) throw new Error(`${contender.name}: only ${clients.running} of ${count} downloads still run`);
  return { name: contender.name, own: contender.own, cells: [summarize(samples), idle.pss / 1024] };
}

function table(rows: readonly Row[], { quick }: Context, left: readonly string[]): Table {
  return {
    name: 'slow',
    title: `Memory of ${quick ? 40 : CLIENTS} slow downloads (100 KB/s) of a cached 200 MB file`,
    columns: [
      { title: 'memory per download', unit: 'KB', digits: 0 },
      { title: 'idle', unit: 'MB', digits: 0 },
    ],
    rows,
    charted: [{ column: 0, scale: 'log' }],
    notes: [
      'Goals: with hand-over at most 100 KB under Apache, 25 KB under nginx; serve 60 KB.',
      'Sum of Pss over all processes of the server, loaded minus idle, divided by the downloads; five looks, a second apart.',
      'Buffers of the kernel are not in it; they are about the same for all. The heap of Node moves by some MB by itself: ±20 KB for serve.',
      ...left,
    ],
  };
}
