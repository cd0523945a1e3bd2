import { parseArgs } from 'node:util';
import type { Cleanup } from '../support/place.js';
import { type Counts, storm } from './storm.js';

const HELP = `Usage: npm run test:faults -- [--seed N] [--seconds S] [--front apache|serve]

Storms of STORM seconds, one after the other, for S seconds (default 300), each with the next seed. Ends with 1 at the
first answer that is wrong, or thing left behind; --seed runs that one again.
`;
const STORM = 20;

/** As a test context does: what was begun last ends first. */
class Endings implements Cleanup {
  readonly #fns: (() => unknown)[] = [];

  after(fn: () => unknown): void {
    this.#fns.push(fn);
  }

  async run(): Promise<void> {
    for (let fn = this.#fns.pop(); fn !== undefined; fn = this.#fns.pop()) await fn();
  }
}

function add(sum: Counts, counts: Counts): void {
  for (const [name, number] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + number;
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

function table(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, number]) => `  ${String(number).padStart(6)}  ${name}\n`)
    .join('');
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, seconds: { type: 'string', default: '300' }, front: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(HELP.replace('STORM', String(STORM)));
    return 0;
  }
  const fronts = (['apache', 'serve'] as const).filter((name) => values.front === undefined || values.front === name);
  const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  const seconds = Number(values.seconds);
  const end = performance.now() + seconds * 1000;
  const [answers, troubles]: [Counts, Counts] = [{}, {}];
  let changes = 0;
  for (let seed = first; performance.now() < end; seed++) {
    for (const front of fronts) {
      const endings = new Endings();
      try {
        const outcome = await storm(endings, { front, seed, milliseconds: Math.min(STORM, seconds) * 1000 });
        add(answers, outcome.answers);
        add(troubles, outcome.troubles);
        changes += outcome.changes;
        process.stdout.write(`seed ${seed}, ${front}: ${total(outcome.answers)} requests, ${total(outcome.troubles)} troubles: all right\n`);
      } finally {
        await endings.run();
      }
    }
  }
  process.stdout.write(`\n${total(answers)} requests:\n${table(answers)}\n${total(troubles)} troubles, ${changes} changes on the base:\n${table(troubles)}`);
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
