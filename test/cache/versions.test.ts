import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { Gate } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { assertCut, assertWhole, checks, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
const V1 = { seed: 1, size: MIB };
const V2 = { seed: 2, size: MIB + 5 };

test('the file changes between HEAD and GET: every client gets the GET\'s version, whole, by one GET', async (t) => {
  const s = await scene(t);
  const [asked, gate] = [new Gate(), new Gate(1000)];
  s.origin.file('/a', { body: V2, head: { body: V1, holdHeader: asked }, hold: gate });
  const clients = await Promise.all(Array.from({ length: 5 }, () => s.start('/a', { check: checks(V2) })));
  await asked.reached(5);
  asked.release();
  await Promise.all(clients.map((client) => client.waitForBody(1000)));
  gate.release();
  for (const client of clients) {
    const result = await client.done;
    assertWhole(result, V2);
    assert.equal(result.headers.get('ETag'), '"2-100005"');
  }
  await s.idle();
  assert.equal(s.origin.count('GET'), 1);
  s.origin.replace('/a', { head: {} });
  assertWhole(await s.get('/a'), V2);
  assert.equal(s.origin.count('GET'), 1);
});

test('HEAD and GET see two versions of one length and one ETag but two dates: never bytes of one under the header of the other', async (t) => {
  const s = await scene(t);
  const [one, two] = ['Tue, 01 Sep 2026 08:00:00 GMT', 'Wed, 02 Sep 2026 08:00:00 GMT'];
  s.origin.file('/a', { body: V1, etag: null, head: { lastModified: one }, get: { lastModified: two } });
  const result = await s.get('/a');
  assertWhole(result, V1);
  assert.equal(result.headers.get('Last-Modified'), two);
  await s.idle();
});

for (const [kind, one, two] of [
  ['strong ETags', { etag: '"1"' }, { etag: '"2"' }],
  ['dates only', { etag: null, lastModified: 'Tue, 01 Sep 2026 08:00:00 GMT' }, { etag: null, lastModified: 'Wed, 02 Sep 2026 08:00:00 GMT' }],
] as const) {
  test(`the file (${kind}) changes between HEAD and a GET in chunks: the new one is not said to have the old one's length`, async (t) => {
    const s = await scene(t);
    s.origin.file('/a', { body: V2, head: { body: V1, ...one }, get: { ...two, chunked: true } });
    for (const headers of [{}, { Range: 'bytes=0-9' }]) {
      const result = await s.get('/a', { headers });
      assert.deepEqual([result.status, result.sha256], [200, patternHash(V2)], result.stderr);
      assert.equal(result.headers.get('Content-Length') ?? String(V2.size), String(V2.size));
      await s.idle();
    }
    assert.ok(!s.kinds('/a').includes('body'), s.names('/a').join(' '));
    // As soon as HEAD says so, it is stored.
    s.origin.file('/a', { body: V2, ...two, get: { chunked: true } });
    assertWhole(await s.get('/a'), V2);
    await s.idle();
    assert.match((await s.get('/a')).headers.get('Cache-Status') ?? '', /^offload; hit/);
  });
}

test('a range of a file that changes between HEAD and GET is one of the GET\'s version', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V2, head: { body: V1 } });
  const result = await s.get('/a', { headers: { Range: 'bytes=-5' } });
  assertWhole(result, V2, MIB, MIB + 5);
  assert.equal(result.headers.get('Content-Range'), `bytes ${MIB}-${MIB + 4}/${MIB + 5}`);
  await s.idle();
});

test('a range that If-Range binds to the HEAD\'s version is not cut out of the GET\'s', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V2, head: { body: V1 } });
  assertWhole(await s.get('/a', { headers: { Range: 'bytes=0-9', 'If-Range': '"1-100000"' } }), V2);
  await s.idle();
});

test('a base whose HEAD and GET never agree: each request is answered, with one version', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V2, head: { body: V1 } });
  for (let i = 0; i < 3; i++) {
    assertWhole(await s.get('/a'), V2);
    await s.idle();
  }
});

test('the file changes while it is pulled: who has begun gets the old one whole, who comes later the new one', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  s.origin.file('/a', { body: V1, hold: gate });
  const early = await s.start('/a', { check: checks(V1) });
  await early.waitForBody(1000);
  s.origin.file('/a', { body: V2 });
  assertWhole(await s.get('/a'), V2);
  // Were both complete at the same moment, each would find the other's lock, and leave it.
  await waitUntil(() => s.kinds('/a').filter((kind) => kind === 'lock').length === 1, { what: "the end of the new version's fill" });
  gate.release();
  assertWhole(await early.done, V1);
  await s.idle();
  // The old one is complete last, but it is not the base's last word.
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  assertWhole(await s.get('/a'), V2);
  assert.equal(s.origin.count('GET'), 2);
});

test('a new version removes what the old one left; a client that is still being sent the old one gets all of it', async (t) => {
  const s = await scene(t);
  const big = { seed: 1, size: 8 * MIB };
  s.origin.file('/a', { body: big });
  assertWhole(await s.get('/a'), big);
  await s.idle();
  const old = s.names('/a');
  const slow = await s.start('/a', { check: checks(big) });
  await slow.head;
  slow.pause();
  s.origin.file('/a', { body: V2 });
  const result = await s.get('/a');
  assertWhole(result, V2);
  assert.match(result.headers.get('Cache-Status') ?? '', /fwd=stale; fwd-status=200; stored/);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  assert.ok(s.names('/a').every((name) => !old.includes(name)), s.names('/a').join(' '));
  slow.resume();
  assertWhole(await slow.done, big);
});

test('a part that nobody continues is removed when another version is complete', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  s.origin.file('/a', { body: V1, hold: gate });
  const client = await s.start('/a');
  await client.waitForBody(1000);
  client.kill('SIGKILL');
  process.kill(await s.filler(), 'SIGKILL');
  await s.idle();
  s.origin.file('/a', { body: V2 });
  assertWhole(await s.get('/a'), V2);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

describe('a short body', { concurrency: true }, () => {
  for (const [what, spec] of [
    ['is cut again and again', { get: { cutAfter: 700_000 }, script: ({ nth }: { nth: number }) => (nth > 1 ? { cutAfter: 0 } : undefined) }],
    ['is cut by a close', { get: { cutAfter: 700_000, cut: 'close' }, script: ({ nth }: { nth: number }) => (nth > 1 ? { cutAfter: 0 } : undefined) }],
    ['ends early, in chunks', { get: { body: { seed: 1, size: 700_000 }, etag: '"1-100000"', chunked: true, ignoreRange: true } }],
  ] as const) {
    test(`a body that ${what}: the client's ends short of the announced length, and it is no object`, async (t) => {
      const s = await scene(t);
      s.origin.file('/a', { body: V1, ...spec });
      const clients = await Promise.all([s.start('/a', { check: checks(V1) }), s.start('/a', { check: checks(V1) })]);
      for (const client of clients) assertCut(await client.done, V1);
      await s.idle();
      assert.ok(!s.kinds('/a').includes('body'), s.names('/a').join(' '));
      // As soon as the base is well again, so is the file.
      s.origin.file('/a', { body: V1 });
      assertWhole(await s.get('/a'), V1);
      await s.idle();
    });
  }
});

test('a body in chunks: nobody has all of it before its end has come', async (t) => {
  const s = await scene(t);
  const gate = new Gate(V1.size);
  const longer = { seed: 1, size: V1.size + 1 };
  s.origin.file('/a', { body: V1, get: { body: longer, etag: '"1-100000"', chunked: true, hold: gate } });
  const client = await s.start('/a', { check: checks(V1) });
  await client.waitForBody(V1.size - 1);
  await gate.reached();
  gate.release();
  assertCut(await client.done, V1);
  await s.idle();
});

for (const [more, at] of [[1, 'right at'], [70_000, 'beyond']] as const) {
  test(`a body that goes on, its chunks ending ${at} the promised length: the client's ends short, and it is no object`, async (t) => {
    const s = await scene(t);
    const longer = { seed: 1, size: V1.size + more };
    s.origin.file('/a', { body: V1, get: { body: longer, etag: '"1-100000"', chunked: true, pieceSize: more === 1 ? 65_536 : 65_535 } });
    const result = await s.get('/a');
    if (result.status === 200) assertCut(result, V1);
    else assert.equal(result.status, 502);
    await s.idle();
    assert.ok(!s.kinds('/a').includes('body'), s.names('/a').join(' '));
  });
}

test('a body in chunks that has the promised length is stored as any other', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V1, get: { chunked: true, pieceSize: 65_536 } });
  assertWhole(await s.get('/a'), V1);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

for (const [status, shown] of [[404, 404], [410, 410], [403, 403], [401, 403], [500, 502], [503, 502]] as const) {
  test(`HEAD says 200 and GET ${status}: every client that waits gets ${shown}`, async (t) => {
    const s = await scene(t);
    const gate = new Gate();
    s.origin.file('/a', { body: V1, get: { status, holdHeader: gate } });
    const clients = await Promise.all([s.start('/a'), s.start('/a')]);
    await gate.reached();
    gate.release();
    for (const client of clients) assert.equal((await client.done).status, shown);
    await s.idle();
    assert.ok(s.kinds('/a').every((kind) => kind === 'verdict'), s.names('/a').join(' '));
  });
}

test('HEAD says 200 and GET redirects: so does the answer', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V1, get: { status: 302, headers: { Location: 'https://elsewhere.example/a' } } });
  const result = await s.get('/a');
  assert.deepEqual([result.status, result.headers.get('Location')], [302, 'https://elsewhere.example/a']);
  await s.idle();
});

test('HEAD says 200 and GET sends something that must not be stored: it is passed through', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: V1, get: { headers: { 'Cache-Control': 'no-store' } } });
  const result = await s.get('/a');
  assert.equal(result.sha256, patternHash(V1));
  await s.idle();
  assert.ok(!s.kinds('/a').some((kind) => kind === 'body' || kind === 'part'), s.names('/a').join(' '));
});
