// Where this program sends the bytes itself: one buffer, whatever the file's size; and a client that waits costs nothing.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCgi, type CgiProcess } from '../support/cgi.js';
import { exchange, fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { processState } from '../support/processes.js';
import { checks, scene, type Scene } from '../support/scene.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
const SMALL = 4 * MIB;
const LARGE = 128 * MIB;

/** CPU time of all threads so far, in clock ticks of 10 ms. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Memory that is the process's own: heap, buffers, stacks. Bytes. */
function anonymous(pid: number): number {
  return Number(/^Anonymous:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]) * 1024;
}

/** Waits until the process does nothing any more, then measures what a second and a half of that cost, in ticks of 10 ms. */
async function costOfWaiting(pid: number): Promise<number> {
  let last = -1;
  await waitUntil(
    async () => {
      await sleep(100);
      const now = ticks(pid);
      const still = now === last && processState(pid) === 'S';
      last = now;
      return still;
    },
    { what: 'the process to wait for its client' },
  );
  const before = ticks(pid);
  await sleep(1500);
  return ticks(pid) - before;
}

test('CGI: a client that takes nothing for a while costs no CPU', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 16 * MIB);
  await s.get('/a');
  await s.idle();
  const running = await s.start('/a', { check: checks(body) });
  await running.waitForBody(MIB);
  running.pause();
  assert.equal(await costOfWaiting(running.pid), 0);
  running.resume();
  assert.equal((await running.done).length, 16 * MIB);
});

test('serve: clients that take nothing for a while cost no CPU', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: { seed: 1, size: 32 * MIB } });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  await fetchRaw({ to: server.port, path: '/a' });
  const clients = Array.from({ length: 10 }, () => exchange({ to: server.port, path: '/a' }));
  for (const client of clients) {
    await client.waitForBody(MIB);
    client.pause();
  }
  // A look at the number of downloads, once a second, may be what fills a tick.
  const cost = await costOfWaiting(server.pid);
  assert.ok(cost <= 1, `${cost} ticks`);
  for (const client of clients) client.leave();
});

/** Memory of a CGI that has sent three quarters of a file, and waits for its client. */
async function memoryAt(running: CgiProcess, size: number): Promise<number> {
  await running.waitForBody(size * 0.75);
  running.pause();
  await waitUntil(() => processState(running.pid) === 'S');
  const bytes = anonymous(running.pid);
  running.kill('SIGKILL');
  return bytes;
}

interface Way {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly warm: boolean;
  /** Memory that a large file may take more than a small one, in bytes. */
  readonly more: number;
}

const WAYS: readonly Way[] = [
  { name: 'from the cache', settings: {}, warm: true, more: 6 * MIB },
  { name: 'while it arrives', settings: {}, warm: false, more: 6 * MIB },
  // What comes from the base comes in pieces that V8 collects when they are some 30 MB.
  { name: 'past the cache', settings: { OFFLOAD_KEEP_FREE: '99%' }, warm: false, more: 64 * MIB },
];

for (const { name, settings, warm, more } of WAYS) {
  test(`CGI: the memory for a file sent ${name} does not depend on its size`, async (t) => {
    const s = await scene(t, { leavesLocks: true });
    const [small, large] = [await measure(s, SMALL), await measure(s, LARGE)];
    t.diagnostic(`${SMALL} bytes: ${small}, ${LARGE} bytes: ${large}`);
    assert.ok(small < 32 * MIB && large - small < more, `${SMALL} bytes: ${small}, ${LARGE} bytes: ${large}`);
  });

  async function measure(s: Scene, size: number): Promise<number> {
    const path = `/${size}`;
    const body = s.pattern(path, size);
    if (warm) {
      await s.get(path);
      await s.idle();
    }
    const running = await startCgi({ url: path, settings: { ...s.settings, ...settings }, check: checks(body) });
    try {
      return await memoryAt(running, size);
    } finally {
      running.kill('SIGKILL');
      await s.idle();
    }
  }
}
