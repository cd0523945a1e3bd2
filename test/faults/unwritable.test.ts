// The built-in server lives on when the cache can't be written to: what a request or a fill holds (a lock, a place among
// the downloads, a descriptor) must be free afterwards, also when nothing can be written about it.
import { strict as assert } from 'node:assert';
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeVersion } from '../../src/base/version.js';
import { Layout, type UrlPlace } from '../../src/cache/layout.js';
import { exchange, fetchRaw } from '../support/client.js';
import { Gate, LAST_MODIFIED, type Origin, startOrigin } from '../support/origin.js';
import { checkPattern, patternHash } from '../support/pattern.js';
import { startServe } from '../support/servers/serve.js';
import { handOver, type WebServer } from '../support/servers/server.js';
import { waitUntil } from '../support/wait.js';

const [V1, V2] = [{ seed: 1, size: 300_000 }, { seed: 2, size: 200_000 }];

interface Stage {
  readonly origin: Origin;
  readonly server: WebServer;
  readonly place: UrlPlace;
}

async function begin(t: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const origin = await startOrigin(t);
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0', OFFLOAD_TIMEOUT: '5s', ...settings });
  return { origin, server, place: new Layout(join(server.dir, 'cache')).url(origin.url, '/a') };
}

const idOf = (etag: string, { size }: { size: number }): string => makeVersion({ etag, lastModified: LAST_MODIFIED, date: undefined }, size).id;

/** A directory where a file should be: nobody can write there, not even root. */
function obstruct(path: string): void {
  const missing = [];
  for (let dir = path; !existsSync(dir); dir = dirname(dir)) missing.push(dir);
  mkdirSync(path, { recursive: true });
  handOver(...missing);
}

async function assertServed({ server }: Stage, { seed, size }: { seed: number; size: number }): Promise<void> {
  const answer = await fetchRaw({ to: server.port, path: '/a' });
  assert.equal(answer.status, 200, server.errorLog());
  assert.equal(answer.sha256, patternHash({ seed, size }), server.errorLog());
}

for (const [what, obstacle] of [
  ['that nobody can be told of', (place) => place.verdict(idOf('W/"1"', V1))],
  ['whose record can\'t be written', (place) => place.head(idOf('W/"2"', V2))],
] as const satisfies readonly (readonly [string, (place: UrlPlace) => string])[]) {
  test(`the file changes under a fill into one ${what}: no client waits for ever`, async (t) => {
    const stage = await begin(t);
    const { origin, server, place } = stage;
    const gate = new Gate(100_000);
    origin.file('/a', { body: V1, etag: 'W/"1"', hold: gate, cutAfter: 100_001 });
    const early = exchange({ to: server.port, path: '/a', check: (chunk, offset) => checkPattern(V1.seed, offset, chunk) });
    await early.waitForBody(100_000);
    origin.file('/a', { body: V2, etag: 'W/"2"' });
    obstruct(obstacle(place));
    gate.release();
    assert.equal((await early.done).complete, false);
    await assertServed(stage, V2);
    rmdirSync(obstacle(place));
    await assertServed(stage, V2);
    await waitUntil(() => !readdirSync(place.directory).some((name) => /\.lock/.test(name)), { what: 'the end of the fills' });
  });
}

test('a part whose mark can\'t be written is closed, and the file passed through', async (t) => {
  const stage = await begin(t);
  const { origin, server, place } = stage;
  origin.file('/a', { body: V1, etag: '"1"' });
  obstruct(place.mark(idOf('"1"', V1)));
  await assertServed(stage, V1);
  const open = () => readdirSync(`/proc/${server.pid}/fd`).map((fd) => linkOf(`/proc/${server.pid}/fd/${fd}`));
  assert.deepEqual(open().filter((path) => path.includes(place.directory)), []);
});

test('the cache becomes read-only under a download and a fill: both end well, nothing is held when it can be written to again', async (t) => {
  const stage = await begin(t, { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' });
  const { origin, server, place } = stage;
  const gate = new Gate(100_000);
  origin.file('/a', { body: V1, hold: gate });
  const client = exchange({ to: server.port, path: '/a', check: (chunk, offset) => checkPattern(V1.seed, offset, chunk) });
  await client.waitForBody(100_000);
  const directories = [place.layout.slots, place.directory];
  for (const directory of directories) chmodSync(directory, 0o500);
  gate.release();
  assert.equal((await client.done).sha256, patternHash(V1), server.errorLog());
  // Not counted, not stored, but sent.
  await assertServed(stage, V1);
  for (const directory of directories) chmodSync(directory, 0o700);
  for (let i = 0; i < 2; i++) await assertServed(stage, V1);
  await waitUntil(() => !directories.flatMap((directory) => readdirSync(directory)).some((name) => /\.(?:lock|part|\d+$)/.test(name)), {
    what: () => `the end of all that was held: ${directories.flatMap((directory) => readdirSync(directory)).join(' ')}`,
  });
  assert.doesNotMatch(server.errorLog(), /fault/);
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // that of readdir itself
  }
}
