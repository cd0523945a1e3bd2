import { setTimeout as sleep } from 'node:timers/promises';

/** How long a test waits for something that must happen, in milliseconds. Long: a busy machine is no fault of the program. */
export const PATIENCE = 60_000;

interface Patience {
  /** Milliseconds. */
  readonly timeout?: number;
  /** What is waited for, for the error message; a function is asked when the time is over. */
  readonly what?: string | (() => string);
}

type Falsy = false | undefined | null | 0 | '';

/** Polls until `probe` gives something true, and returns it. Throws what was missing when the time is over. */
export async function waitUntil<T>(
  probe: () => T | Falsy | Promise<T | Falsy>,
  { timeout = PATIENCE, what = 'the condition' }: Patience = {},
): Promise<T> {
  const end = performance.now() + timeout;
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 50)) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${timeout} ms in vain for ${typeof what === 'string' ? what : what()}`);
    await sleep(pause);
  }
}

/** Gives what `promise` gives, or throws that `what` did not come in `timeout` milliseconds. */
export async function within<T>(promise: Promise<T>, what: string | (() => string), timeout = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeout} ms in vain for ${typeof what === 'string' ? what : what()}`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
