import { setTimeout as sleep } from 'node:timers/promises';
import { patternBytes } from '../../test/support/pattern.js';
import { get } from '../measure/client.js';
import { summarize } from '../measure/statistics.js';
import { inScope, type Part } from '../part.js';
import type { Row, Table } from '../report/table.js';
import { makeFile, startBase } from '../servers/base.js';
import { contenders } from '../servers/all.js';
import { putToWork } from '../servers/work.js';
import type { BaseServer, Contender } from '../servers/contender.js';

const CLIENTS = 50;
const RATE = 20 * 2 ** 20;

/** Everybody wants the same cold file at the same moment. */
export const stormPart: Part = {
  name: 'storm',
  summary: '50 clients at once want a cold file of 200 MiB from a base that sends 20 MiB/s',
  run: async (context) => {
    const size = (context.quick ? 20 : 200) * 2 ** 20;
    const expected = patternBytes(1, 0, size);
    const base = await startBase(context.scope);
    const alone = await aloneAtTheBase(base, size, expected);
    context.progress(`one client alone at the base: ${(alone / 1000).toFixed(2)} s`);
    const { chosen, left } = contenders(context, ({ asks }) => asks !== '–');
    const rows: Row[] = [];
    for (const [number, contender] of chosen.entries()) {
      context.progress(contender.name);
      rows.push(await storm(contender, base, `/limited/${number}.bin`, expected));
    }
    return [table(rows, size, alone, left)];
  },
};

async function aloneAtTheBase(base: BaseServer, size: number, expected: Buffer): Promise<number> {
  makeFile(base, '/limited/alone.bin', size);
  return (await get(base.port, '/limited/alone.bin', expected)).total;
}

async function storm(contender: Contender, base: BaseServer, path: string, expected: Buffer): Promise<Row> {
  return inScope(async (scope) => {
    makeFile(base, path, expected.length);
    const front = await contender.start(scope, base, { mpm: 'event' });
    await putToWork(front, base);
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => get(front.port, path, expected)));
    // The base writes its log when it is done.
    await sleep(300);
    const wrong = answers.filter(({ right }) => !right);
    return {
      name: contender.name,
      own: contender.own,
      cells: [
        base.count('GET', path, 200),
        wrong.length,
        Math.max(...answers.map(({ total }) => total)) / 1000,
        summarize(answers.map(({ firstByte }) => firstByte)),
      ],
    };
  });
}

function table(rows: readonly Row[], size: number, alone: number, left: readonly string[]): Table {
  return {
    name: 'storm',
    title: `${CLIENTS} clients at once, one cold file of ${size / 2 ** 20} MiB, base at ${RATE / 2 ** 20} MiB/s a connection`,
    columns: [
      { title: 'GETs at the base', unit: '', digits: 0 },
      { title: 'wrong copies', unit: '', digits: 0 },
      { title: 'until all have it', unit: 's', digits: 2 },
      { title: 'first byte', unit: 'ms', digits: 0 },
    ],
    rows,
    charted: [
      { column: 0, scale: 'linear' },
      { column: 2, scale: 'linear' },
      { column: 3, scale: 'log' },
    ],
    notes: [
      `One client alone at the base takes ${(alone / 1000).toFixed(2)} s. Goals: 1 GET, no wrong copy, under Apache at most 12 s; serve 10.8 s, first byte 50 ms.`,
      'GETs: those that brought the body. Each client compares each byte. First byte: median of the clients, quartiles in parentheses. One storm each.',
      ...left,
    ],
  };
}
