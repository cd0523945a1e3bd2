import { patternBytes } from '../../test/support/pattern.js';
import { get } from '../measure/client.js';
import { summarize } from '../measure/statistics.js';
import { inScope, type Part } from '../part.js';
import type { Row, Table } from '../report/table.js';
import { contenders } from '../servers/all.js';
import { makeFile, startBase } from '../servers/base.js';
import type { BaseServer, Contender } from '../servers/contender.js';

const SIZE = 8192;

/** What the first client of a small file waits for. */
export const coldPart: Part = {
  name: 'cold',
  summary: 'one cold file of 8 KB: time to its first byte, compared with a warm one',
  run: async (context) => {
    const base = await startBase(context.scope);
    const { chosen, left } = contenders(context, ({ asks }) => asks !== '–');
    const files = context.quick ? 5 : 41;
    for (let n = -1; n < files; n++) makeFile(base, `${n}.bin`, SIZE);
    const rows: Row[] = [];
    for (const contender of chosen) {
      context.progress(contender.name);
      rows.push(await measure(contender, base, files));
    }
    return [table(rows, files, left)];
  },
};

async function measure(contender: Contender, base: BaseServer, files: number): Promise<Row> {
  const expected = patternBytes(1, 0, SIZE);
  return inScope(async (scope) => {
    const front = await contender.start(scope, base, { mpm: 'event' });
    const ask = async (path: string) => {
      const answer = await get(front.port, path, expected);
      if (!answer.right) throw new Error(`${contender.name}: ${path}: ${answer.bytes} bytes, not those of the file:\n${answer.header}`);
      return answer;
    };
    // Not the first request at all: servers start their workers with it.
    for (let i = 0; i < 3; i++) await ask('/-1.bin');
    const cold: number[] = [];
    const warm: number[] = [];
    for (let n = 0; n < files; n++) {
      cold.push((await ask(`/${n}.bin`)).firstByte);
      // Once more before the warm one: what the first one left running (an fsync, a filler's end) is not its business.
      await ask(`/${n}.bin`);
      warm.push((await ask(`/${n}.bin`)).firstByte);
    }
    const ratio = summarize(cold.map((time, i) => time / (warm[i] ?? Number.NaN)));
    return { name: contender.name, own: contender.own, cells: [summarize(cold), summarize(warm), ratio] };
  });
}

function table(rows: readonly Row[], files: number, left: readonly string[]): Table {
  return {
    name: 'cold',
    title: 'One cold file of 8 KB, one client: time to the first byte',
    columns: [
      { title: 'cold', unit: 'ms', digits: 1 },
      { title: 'warm', unit: 'ms', digits: 1 },
      { title: 'cold as a multiple of warm', unit: '', digits: 1 },
    ],
    rows,
    charted: [
      { column: 0, scale: 'log' },
      { column: 2, scale: 'linear' },
    ],
    notes: [
      `Goal: offload.cgi under Apache at most 3 times the time of a warm one. ${files} files, each cold and then warm, a new connection each.`,
      'A small file comes in one piece: its last byte has the time of its first.',
      ...left,
    ],
  };
}
