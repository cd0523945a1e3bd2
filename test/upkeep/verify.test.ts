// `offload verify`: the bytes on disk are those that came.
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { leavePart } from '../support/forge.js';
import { Gate } from '../support/origin.js';
import { assertWhole, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';
import { cached, editRecord, offload } from './support.js';

/** Turns a bit of a body over, as a disk might; its size and times stay. */
function rot(body: string): void {
  const { atimeMs, mtimeMs } = statSync(body);
  const bytes = readFileSync(body);
  bytes[1000]! ^= 1;
  writeFileSync(body, bytes);
  utimesSync(body, atimeMs / 1000, mtimeMs / 1000);
}

test('a damaged file is found and removed, and pulled anew; files without a digest are counted', async (t) => {
  const s = await scene(t);
  const bodies = await cached(s, ['/right', '/rotten', '/short', '/old']);
  rot(s.file('/rotten', 'body'));
  truncateSync(s.file('/short', 'body'), 100);
  editRecord(s, '/old', (record) => delete record['sha256']);
  const tried = await offload(t, s, ['verify', '--dry-run']);
  assert.equal(tried.code, 1);
  assert.match(tried.stdout, /^offload verify: 4 files, 39\.1 KiB: 1 right, 2 damaged, 1 without a digest\n$/);
  assert.ok(s.kinds('/rotten').includes('body'));
  const ran = await offload(t, s, ['verify']);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /^offload verify: \/(?:rotten|short): \S+: is not what the base sent: removed, will be pulled anew\noffload verify: \/\w+: .*\n$/);
  assert.deepEqual(['/right', '/rotten', '/short', '/old'].map((path) => s.kinds(path).includes('body')), [true, false, false, true]);
  assertWhole(await s.get('/rotten'), bodies.get('/rotten')!);
  await s.idle();
  const again = await offload(t, s, ['verify']);
  assert.deepEqual([again.code, again.stderr], [0, '']);
  assert.match(again.stdout, /: 2 right, 0 damaged, 1 without a digest/);
});

test('the digest is that of the whole body, also when it came in several pieces', async (t) => {
  const s = await scene(t);
  const size = 300_000;
  const cut = s.pattern('/cut', size, { script: ({ nth, method }) => (method === 'GET' && nth === 1 ? { cutAfter: 100_000 } : undefined) });
  assertWhole(await s.get('/cut'), cut);
  const left = s.pattern('/left', size);
  await leavePart(s, '/left', left, 120_000);
  assertWhole(await s.get('/left'), left);
  const compared = s.pattern('/compared', size, { ignoreRange: true });
  await leavePart(s, '/compared', compared, 120_000);
  assertWhole(await s.get('/compared'), compared);
  const chunked = s.pattern('/chunked', size, { get: { chunked: true } });
  assertWhole(await s.get('/chunked'), chunked);
  // The next one's filler is to be the only one.
  await s.idle();
  const gate = new Gate(150_000);
  const killed = s.pattern('/killed', size, { hold: gate });
  const client = await s.start('/killed');
  await client.waitForBody(150_000);
  const filler = await s.filler();
  process.kill(filler, 'SIGKILL');
  gate.release();
  assertWhole(await client.done, killed);
  await s.idle();
  const { code, stdout } = await offload(t, s, ['verify']);
  assert.match(stdout, /: 5 right, 0 damaged, 0 without a digest/);
  assert.equal(code, 0);
  const record = JSON.parse(readFileSync(s.file('/cut', 'head'), 'latin1')) as { sha256: string };
  assert.equal(record.sha256, createHash('sha256').update(readFileSync(s.file('/cut', 'body'))).digest('hex'));
});

test('to be verified is no use: what goes next stays the same; and the digest outlives a change of the header', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_FRESH: '0' } });
  await cached(s, ['/a']);
  const body = s.file('/a', 'body');
  utimesSync(body, 1000, statSync(body).mtimeMs / 1000);
  s.origin.replace('/a', { headers: { 'Cache-Control': 'max-age=60' } });
  utimesSync(s.file('/a', 'head'), 1, 1);
  assert.match((await s.head('/a')).headers.get('Cache-Status') ?? '', /hit/);
  await waitUntil(() => readFileSync(s.file('/a', 'head'), 'latin1').includes('max-age=60'));
  const { stdout } = await offload(t, s, ['verify', '/a']);
  assert.match(stdout, /1 file, .* 1 right/);
  assert.equal(statSync(body).atimeMs, 1_000_000);
});

test('it reads no faster than it may', async (t) => {
  const s = await scene(t);
  await cached(s, ['/a', '/b', '/c'], 100_000);
  const began = performance.now();
  assert.equal((await offload(t, s, ['verify', '--rate', '200K'])).code, 0);
  assert.ok(performance.now() - began > 900, 'the third waits for the first two');
});
