import { strict as assert } from 'node:assert';
import { utimesSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Gate, type Origin } from '../support/origin.js';
import { assertCut, assertWhole, checks, type Scene, scene } from '../support/scene.js';

const MIB = 1_048_576;

type Failure = readonly [what: string, status: number, fail: (origin: Origin) => unknown];

const FAILURES: readonly Failure[] = [
  ['refuses', 502, (origin) => origin.refuse()],
  ['is silent', 504, (origin) => (origin.silent = true)],
  ['says 500', 502, (origin) => origin.replace('/a', { status: 500 })],
  ['says 503', 502, (origin) => origin.replace('/a', { status: 503, headers: { 'Retry-After': '5' } })],
  ['says 504', 502, (origin) => origin.replace('/a', { status: 504 })],
  ['hangs up', 502, (origin) => origin.replace('/a', { cutAfter: -1 })],
  ['speaks no HTTP', 502, (origin) => origin.replace('/a', { rawHead: 'SSH-2.0-x\r\n' })],
  ['wants another protocol', 502, (origin) => origin.replace('/a', { rawHead: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n' })],
  ['sends two different lengths', 502, (origin) => origin.replace('/a', { lines: ['Content-Length: 1', 'Content-Length: 2'] })],
];

/** Long enough for a busy machine's base to answer. In milliseconds. */
const TIMEOUT = 2000;
const settings = { OFFLOAD_TIMEOUT: `${TIMEOUT}ms` };

/** Says when the base last confirmed what is here. */
function setValidated(s: Scene, path: string, ago: number): void {
  const at = (Date.now() - ago) / 1000;
  utimesSync(s.file(path, 'head'), at, at);
}

for (const [what, status, fail] of FAILURES) {
  test(`the base ${what}: what is here is sent, anything else is ${status}, and the log says why`, async (t) => {
    const s = await scene(t, { settings });
    const body = s.pattern('/a', 1000);
    await s.get('/a');
    await s.idle();
    await fail(s.origin);
    const here = await s.get('/a');
    assertWhole(here, body);
    assert.match(here.headers.get('Cache-Status') ?? '', /^offload; hit; detail=stale/);
    assert.match(here.stderr, /\/a: base /);
    const missing = await s.get('/a', { settings: { OFFLOAD_CACHE_DIR: `${s.dir}/empty` } });
    assert.equal(missing.status, status, missing.stderr);
    assert.match(missing.headers.get('Content-Type') ?? '', /^text\/plain/);
    // The details are for the log.
    assert.doesNotMatch(missing.body.toString(), /127\.0\.0\.1/);
    assert.match(missing.stderr, /\/a: base /);
  });
}

test('no longer than OffloadStaleIfError after the last validation', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 1000);
  await s.get('/a');
  await s.idle();
  await s.origin.refuse();
  for (const [ago, allowed, fromCache] of [
    [23 * 3_600_000, '1d', true],
    [25 * 3_600_000, '1d', false],
    [25 * 3_600_000, '2d', true],
    [0, '0', false],
  ] as const) {
    setValidated(s, '/a', ago);
    const result = await s.get('/a', { settings: { OFFLOAD_STALE_IF_ERROR: allowed } });
    if (fromCache) assertWhole(result, body);
    else assert.equal(result.status, 502);
  }
});

for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=0', 'public, Must-Revalidate, max-age=0', 'no-cache="x"']) {
  test(`not what the base forbids: Cache-Control: ${directive}`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 1000, { headers: { 'Cache-Control': directive } });
    for (const _ of ['cold', 'warm']) assertWhole(await s.get('/a'), body);
    await s.idle();
    await s.origin.refuse();
    assert.equal((await s.get('/a')).status, 502);
  });
}

test('a newer version was being pulled when the base failed: the older one, whole, is better than nothing', async (t) => {
  const s = await scene(t, { settings, leavesLocks: true });
  const old = s.pattern('/a', 1000);
  await s.get('/a');
  await s.idle();
  const gate = new Gate(100);
  s.pattern('/a', MIB, { hold: gate });
  const client = await s.start('/a');
  await client.waitForBody(100);
  process.kill(await s.filler(), 'SIGKILL');
  client.kill('SIGKILL');
  await s.origin.refuse();
  assertWhole(await s.get('/a'), old);
});

test('ranges, HEAD and conditions are answered without the base, too', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 1000, { etag: '"e"' });
  await s.get('/a');
  await s.idle();
  await s.origin.refuse();
  assertWhole(await s.get('/a', { headers: { Range: 'bytes=10-19' } }), body, 10, 20);
  assert.equal((await s.head('/a')).headers.get('Content-Length'), '1000');
  assert.equal((await s.get('/a', { headers: { 'If-None-Match': '"e"' } })).status, 304);
});

describe('the base falls silent', { concurrency: true }, () => {
  test('before the GET\'s header: 504 for all who wait', async (t) => {
    const s = await scene(t, { settings });
    s.pattern('/a', 1000, { get: { silent: true } });
    const clients = await Promise.all([s.start('/a'), s.start('/a')]);
    for (const client of clients) assert.equal((await client.done).status, 504);
    await s.idle();
  });

  test('half-way: it is asked for the rest, and if that is in vain the clients are cut', async (t) => {
    const s = await scene(t, { settings });
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 3 * MIB, { hold: gate });
    const client = await s.start('/a', { check: checks(body) });
    const begun = performance.now();
    assertCut(await client.done, body);
    const took = performance.now() - begun;
    assert.ok(took > TIMEOUT, `took ${took} ms`);
    gate.release();
    await s.idle();
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${MIB}-`);
  });

  test('half-way, and speaks again when it is asked for the rest: nobody sees it', async (t) => {
    const s = await scene(t, { settings });
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 3 * MIB, { script: ({ method, nth }) => (method === 'GET' && nth === 1 ? { hold: gate } : undefined) });
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 2);
    gate.release();
  });

  test('in a body that is passed through: the client is cut', async (t) => {
    const s = await scene(t, { settings });
    const gate = new Gate(1000);
    const body = s.pattern('/a', MIB, { hold: gate, headers: { 'Cache-Control': 'no-store' } });
    assertCut(await s.get('/a'), body);
    gate.release();
  });

  test('but a base that is only slow is waited for: each byte is progress', async (t) => {
    const s = await scene(t, { settings, rate: 4000 });
    const body = s.pattern('/a', 6 * TIMEOUT, { pieceSize: 100 });
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
  });

  test('and a client that is slow is no silence of the base', async (t) => {
    const s = await scene(t, { settings: { ...settings, OFFLOAD_DEBUG: 'on' } });
    const body = s.pattern('/a', 3 * MIB, { headers: { 'Cache-Control': 'no-store' } });
    const client = await s.start('/a', { check: checks(body) });
    await client.waitForBody(1);
    client.pause();
    const begun = performance.now();
    const { waitUntil } = await import('../support/wait.js');
    await waitUntil(() => performance.now() - begun > 1.5 * TIMEOUT);
    client.resume();
    assertWhole(await client.done, body);
  });
});
