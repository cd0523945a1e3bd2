import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from './wait.js';

/** What a test context (or a suite) offers to clean up after itself. */
export interface Cleanup {
  after(fn: () => unknown): void;
}

const endings = new WeakMap<Cleanup, (() => unknown)[]>();

/** Cleans up after a test, the last made first (node:test's own `after` begins with the first). All are run, then the first error is thrown. */
export function atEnd(t: Cleanup, fn: () => unknown): void {
  const registered = endings.get(t);
  if (registered !== undefined) {
    registered.push(fn);
    return;
  }
  const fns = [fn];
  endings.set(t, fns);
  t.after(async () => {
    const errors: unknown[] = [];
    for (let last = fns.pop(); last !== undefined; last = fns.pop()) {
      try {
        await last();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}

/** A fresh directory, removed after the test. Mode 0755: servers run as another user. */
export function tempDir(t: Cleanup): string {
  const dir = mkdtempSync(join(tmpdir(), 'offload-test-'));
  chmodSync(dir, 0o755);
  atEnd(t, () => removeTree(dir));
  return dir;
}

/** Removes a directory with all in it, though a process that is just ending may still write there. */
async function removeTree(dir: string): Promise<void> {
  // Not by rmSync's own retries: they try the directory again, but not what has come into it meanwhile.
  let trouble: unknown;
  await waitUntil(() => {
    try {
      rmSync(dir, { recursive: true, force: true });
      return true;
    } catch (error) {
      trouble = error;
      return false;
    }
  }, { timeout: 20_000, what: () => `${dir} to be removed: ${String(trouble)}` });
}

// Below the kernel's ephemeral range (from 32768), so that neither an outgoing
// connection nor another test's listen(0) takes the port meanwhile.
const FIRST = 10_000;
const COUNT = 22_000;

/** A port of 127.0.0.1 on which nobody listens now. Whoever uses it retries if another was quicker. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port in ${FIRST}..${FIRST + COUNT - 1} after 100 tries`);
}
