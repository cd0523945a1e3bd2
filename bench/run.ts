import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/support/build.js';
import { inScope, type Part } from './part.js';
import { coldPart } from './parts/cold.js';
import { memoryPart } from './parts/memory.js';
import { objectsPart } from './parts/objects.js';
import { slowPart } from './parts/slow.js';
import { stormPart } from './parts/storm.js';
import { warmPart } from './parts/warm.js';
import { warmCgiPart } from './parts/warm-cgi.js';
import { chart } from './report/chart.js';
import { busyness, machine } from './report/machine.js';
import { tableText } from './report/table.js';

const PARTS: readonly Part[] = [warmCgiPart, memoryPart, slowPart, stormPart, coldPart, warmPart, objectsPart];

const HELP = `Usage: npm run bench [-- FLAG...]

  --only NAME      only this part; may be given several times
  --match TEXT     only contenders with this in their name
  --quick          short runs, nothing written: does it work? Not for figures to quote
  --instructions   warm-cgi counts instructions too (needs Debian's valgrind)
  --out DIRECTORY  where the charts and the tables as text go (docs/bench)

Parts:
${PARTS.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join('\n')}
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      match: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      instructions: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = values.only?.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`bench: ${unknown}: no such part; there are ${PARTS.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  // A web server's environment has none of this, and it adds 40 ms to each Node that starts.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  const { match, quick, instructions } = values;
  const out = values.out ?? (quick || match !== '' ? undefined : join(ROOT, 'docs/bench'));
  process.stdout.write(`${machine()}\n\n`);
  for (const part of PARTS) {
    if (values.only !== undefined && !values.only.includes(part.name)) continue;
    await runPart(part, { match, quick, instructions }, out);
  }
  return 0;
}

async function runPart(part: Part, flags: { match: string; quick: boolean; instructions: boolean }, out: string | undefined): Promise<void> {
  const before = busyness();
  const progress = (text: string) => process.stderr.write(`bench ${part.name}: ${text}\n`);
  const tables = await inScope((scope) => part.run({ ...flags, scope, progress }));
  for (const measured of tables) {
    const table = { ...measured, notes: [...measured.notes, `${new Date().toISOString().slice(0, 10)}, ${before}.`] };
    process.stdout.write(`${tableText(table)}\n`);
    if (out === undefined) continue;
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, `${table.name}.txt`), `${tableText(table)}\n${machine()}\n`);
    if (table.charted.length > 0) writeFileSync(join(out, `${table.name}.svg`), chart(table));
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
