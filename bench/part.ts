import type { Cleanup } from '../test/support/place.js';
import type { Table } from './report/table.js';

/** How a part is run. */
export interface Context {
  /** Fewer and shorter runs: to see that it works, not for figures to quote. */
  readonly quick: boolean;
  /** Counts instructions too, by valgrind. */
  readonly instructions: boolean;
  /** Only contenders whose name has this in it. */
  readonly match: string;
  /** Servers and directories live until the end of the part. */
  readonly scope: Scope;
  /** A line on stderr about what is being done. */
  readonly progress: (text: string) => void;
}

/** A question with its measurement. */
export interface Part {
  readonly name: string;
  readonly summary: string;
  run(context: Context): Promise<Table[]>;
}

/** Ends what was started in it, the last first: what a test has in its context. */
export class Scope implements Cleanup {
  readonly #endings: (() => unknown)[] = [];

  after(fn: () => unknown): void {
    this.#endings.push(fn);
  }

  async end(): Promise<void> {
    for (let fn = this.#endings.pop(); fn !== undefined; fn = this.#endings.pop()) await fn();
  }
}

/** Runs something in a scope of its own. */
export async function inScope<T>(action: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await action(scope);
  } finally {
    await scope.end();
  }
}
