import { sleep } from '../sleep.js';

/** Lets so much pass a second, evenly, over all who ask: requests, or bytes. */
export class Pace {
  /** When what was let through so far is paid for, in milliseconds of performance.now(). */
  #paid = -Infinity;

  /** `perSecond`: undefined is no limit. */
  constructor(private readonly perSecond: number | undefined) {}

  /** Resolves when this may go. */
  async pass(amount: number): Promise<void> {
    if (this.perSecond === undefined) return;
    const now = performance.now();
    const wait = this.#paid - now;
    this.#paid = Math.max(this.#paid, now) + (amount / this.perSecond) * 1000;
    if (wait > 0) await sleep(wait);
  }
}

/** Does something with each item, at most `jobs` at once, in their order; ends early once `stopped` says so. */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  jobs: number,
  work: (item: T) => Promise<void>,
  stopped: () => boolean = () => false,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: unknown;
  for await (const item of items) {
    if (stopped() || failure !== undefined) break;
    const task: Promise<void> = work(item)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= jobs) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
}
