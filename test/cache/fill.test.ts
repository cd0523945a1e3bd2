import { strict as assert } from 'node:assert';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gate, LAST_MODIFIED } from '../support/origin.js';
import { assertWhole, checks, scene } from '../support/scene.js';

const MIB = 1_048_576;

test('a cold file is pulled once, stored with the base\'s date, and sent from the cache after that', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/pub/a.zip', 3 * MIB + 17);
  const cold = await s.get('/pub/a.zip');
  assertWhole(cold, body);
  assert.match(cold.headers.get('Cache-Status') ?? '', /^offload; fwd=uri-miss; fwd-status=200; stored$/);
  await s.idle();
  assert.deepEqual(s.kinds('/pub/a.zip'), ['body', 'head']);
  const file = s.file('/pub/a.zip', 'body');
  assert.equal(statSync(file).size, body.size);
  assert.equal(statSync(file).mtimeMs, Date.parse(LAST_MODIFIED));
  const warm = await s.get('/pub/a.zip');
  assertWhole(warm, body);
  assert.match(warm.headers.get('Cache-Status') ?? '', /^offload; hit/);
  assert.deepEqual([s.origin.count('GET'), s.origin.count('HEAD')], [1, 2]);
});

test('the cache directory is made with mode 0700 and a CACHEDIR.TAG; all in it is its owner\'s only', async (t) => {
  const s = await scene(t, { settings: {} });
  s.pattern('/a', 1000);
  assert.equal((await s.get('/a')).status, 200);
  await s.idle();
  assert.equal(statSync(s.cacheDir).mode & 0o7777, 0o700);
  const tag = readFileSync(join(s.cacheDir, 'CACHEDIR.TAG'), 'latin1');
  assert.ok(tag.startsWith('Signature: 8a477f597d28d172789f06886806bc55\n'));
  for (const kind of ['head', 'body'] as const) assert.equal(statSync(s.file('/a', kind)).mode & 0o077, 0, kind);
});

test('thirty clients at once on a cold file: one GET, all stream while it arrives', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate });
  const clients = await Promise.all(Array.from({ length: 30 }, () => s.start('/a', { check: checks(body) })));
  // All have their first half while the base holds the second back.
  await Promise.all(clients.map((client) => client.waitForBody(MIB, 30_000)));
  gate.release();
  for (const client of clients) assertWhole(await client.done, body);
  assert.equal(s.origin.count('GET'), 1);
  const how = await Promise.all(clients.map(async (client) => (await client.head).headers.get('Cache-Status') ?? ''));
  assert.equal(how.filter((status) => status.endsWith('stored')).length, 1, how.join('\n'));
  assert.equal(how.filter((status) => status.endsWith('collapsed')).length, 29, how.join('\n'));
});

test('eight cold ranges at once: right bytes, one GET', async (t) => {
  const s = await scene(t);
  const gate = new Gate(0);
  const body = s.pattern('/a', 4 * MIB + 5, { hold: gate });
  const part = Math.ceil(body.size / 8);
  const ranges = Array.from({ length: 8 }, (_, i) => [i * part, Math.min(body.size, (i + 1) * part)] as const);
  const clients = await Promise.all(
    ranges.map(([start, end]) => s.start('/a', { headers: { Range: `bytes=${start}-${end - 1}` }, check: checks(body, start) })),
  );
  await Promise.all(clients.map((client) => client.head));
  gate.release();
  for (const [i, client] of clients.entries()) assertWhole(await client.done, body, ...(ranges[i] as readonly [number, number]));
  assert.equal(s.origin.count('GET'), 1);
});

for (const [range, start, end] of [
  ['bytes=0-0', 0, 1],
  ['bytes=1000-', 1000, 100_000],
  ['bytes=-1', 99_999, 100_000],
  ['bytes=500-99999999', 500, 100_000],
] as const) {
  test(`the one range ${range} is answered with 206, cold and warm`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 100_000);
    for (const _ of ['cold', 'warm']) {
      const result = await s.get('/a', { headers: { Range: range } });
      assertWhole(result, body, start, end);
      assert.equal(result.headers.get('Content-Range'), `bytes ${start}-${end - 1}/100000`);
    }
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
    assertWhole(await s.get('/a'), body);
  });
}

test('an empty file is a file', async (t) => {
  const s = await scene(t);
  s.origin.file('/empty.txt', { body: '' });
  for (const _ of ['cold', 'warm']) {
    const result = await s.get('/empty.txt');
    assert.deepEqual([result.status, result.headers.get('Content-Length'), result.length], [200, '0', 0]);
    await s.idle();
  }
  assert.deepEqual(s.kinds('/empty.txt'), ['body', 'head']);
  assert.equal(s.origin.count('GET'), 1);
});

test('two URLs with the same validators and lengths are two files', async (t) => {
  const s = await scene(t);
  const one = s.pattern('/one', 50_000, { etag: '"same"' }, 1);
  const two = s.pattern('/two', 50_000, { etag: '"same"' }, 2);
  assertWhole(await s.get('/one'), one);
  assertWhole(await s.get('/two'), two);
  assertWhole(await s.get('/one'), one);
  await s.idle();
});

test('another base has other files, in the same cache directory', async (t) => {
  const s = await scene(t);
  const other = await scene(t);
  const mine = s.pattern('/a', 50_000, { etag: '"same"' }, 1);
  const theirs = other.pattern('/a', 50_000, { etag: '"same"' }, 2);
  assertWhole(await s.get('/a'), mine);
  assertWhole(await s.get('/a', { settings: { OFFLOAD_BASE: other.origin.url } }), theirs);
  assertWhole(await s.get('/a'), mine);
  await s.idle();
});

test('a slow client slows neither the fill nor other clients', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 8 * MIB);
  const slow = await s.start('/a', { check: checks(body) });
  await slow.head;
  slow.pause();
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.ok(slow.sink.length < 4 * MIB, 'the slow client is not slow');
  slow.resume();
  assertWhole(await slow.done, body);
  assert.equal(s.origin.count('GET'), 1);
});

for (const leave of ['SIGTERM', 'EPIPE', 'SIGKILL'] as const) {
  test(`the client that made the fill begin leaves (${leave}): the file is finished, without a second GET`, async (t) => {
    const s = await scene(t);
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 3 * MIB, { hold: gate });
    const client = await s.start('/a');
    await client.waitForBody(MIB);
    if (leave === 'EPIPE') client.closeStdout();
    else client.kill(leave);
    if (leave !== 'EPIPE') await assert.doesNotReject(client.done);
    gate.release();
    if (leave === 'EPIPE') assert.equal((await client.done).exitCode, 0);
    await s.idle();
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
    assertWhole(await s.get('/a'), body);
    assert.equal(s.origin.count('GET'), 1);
  });
}

test('a fill has nothing of the request that began it: no standard stream, no session, no directory', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  s.pattern('/a', 100_000, { hold: gate });
  const client = await s.start('/a', { headers: { Range: 'bytes=0-99' }, cwd: s.dir });
  // Ends only when all who hold its stdout and stderr have ended: a web server would wait for them.
  assert.equal((await client.done).length, 100);
  const filler = await s.filler();
  for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${filler}/fd/${fd}`), '/dev/null');
  assert.equal(readlinkSync(`/proc/${filler}/cwd`), '/');
  // What ends the request's process group doesn't reach it.
  assert.equal(sessionOf(filler), filler);
  gate.release();
  await s.idle();
});

/** The session of a process (proc(5)). */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}
