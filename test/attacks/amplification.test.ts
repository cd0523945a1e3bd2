// A client must not make us pull much more than it asks for.
import { strict as assert } from 'node:assert';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import type { FileSpec } from '../support/origin.js';
import { onEachHost } from '../support/front.js';
import { assertWhole, scene, type Scene } from '../support/scene.js';

const MIB = 1_048_576;
/** What is pulled for a range beyond its end, and what one chunk and the kernel's buffers add at the most. */
const LEAD = 64 * MIB;
const SLACK = 16 * MIB;

const byteAt = (at: number) => ({ headers: { Range: `bytes=${at}-${at}` } });

function pulled({ origin }: Scene): number {
  return origin.requests.reduce((sum, { method, bodyBytes }) => sum + (method === 'GET' ? bodyBytes : 0), 0);
}

test('one byte in the middle of a cold file of 2 GB: it comes straight from the base, and at most 64 MiB more', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 2048 * MIB);
  const result = await s.get('/a', byteAt(1024 * MIB));
  assertWhole(result, body, 1024 * MIB, 1024 * MIB + 1);
  assert.match(result.headers.get('Cache-Status') ?? '', /^offload; fwd=uri-miss; fwd-status=206; detail=far-range$/);
  await s.idle();
  assert.ok(pulled(s) >= LEAD && pulled(s) < LEAD + SLACK, `${pulled(s)} bytes`);
  assert.deepEqual(s.kinds('/a'), ['head', 'mark', 'part']);
});

test('one byte at the beginning, and the client leaves: 64 MiB are pulled; who wants all of it continues there', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 150 * MIB);
  assertWhole(await s.get('/a', byteAt(0)), body, 0, 1);
  await s.idle();
  const { size } = statSync(s.file('/a', 'part'));
  assert.ok(size > LEAD && size < LEAD + SLACK, `${size} bytes`);
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${size}-`);
  assert.deepEqual([s.origin.count('GET'), s.kinds('/a').join()], [2, 'body,head']);
});

test('who follows such a fill gets all of it', async (t) => {
  const s = await scene(t, { rate: 200 * MIB });
  const body = s.pattern('/a', 100 * MIB);
  const first = await s.start('/a', byteAt(0));
  await first.done;
  assertWhole(await s.get('/a'), body);
  await s.idle();
});

test('a whole file that a client asks for is pulled whole, though it leaves', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 150 * MIB);
  const client = await s.start('/a');
  await client.waitForBody(1);
  client.leave();
  await s.idle();
  assert.equal(statSync(s.file('/a', 'body')).size, body.size);
  assert.equal(s.origin.count('GET'), 1);
});

test('small parts of a large file that many ask for bring all of it in the end', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 180 * MIB);
  const last = body.size - 1;
  for (let i = 0; i < 3; i++) {
    assertWhole(await s.get('/a', byteAt(last)), body, last);
    await s.idle();
  }
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  const hit = await s.get('/a', byteAt(last));
  assert.match(hit.headers.get('Cache-Status') ?? '', /^offload; hit/);
  assert.ok(pulled(s) < body.size + SLACK, `${pulled(s)} bytes`);
});

test('a large part is pulled with what is before it: the next client has it, too', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 150 * MIB);
  const range = { headers: { Range: `bytes=${100 * MIB}-` } };
  assertWhole(await s.get('/a', range), body, 100 * MIB);
  await s.idle();
  assertWhole(await s.get('/a', range), body, 100 * MIB);
  assert.equal(s.origin.count('GET'), 1);
});

// Stopping there would mean pulling all of it again.
for (const [what, spec] of [
  ['has no strong validator', { etag: 'W/"a"' }],
  ['sends no ranges', { ignoreRange: true, headers: { 'Accept-Ranges': null } }],
] as const satisfies readonly (readonly [string, Partial<FileSpec>])[]) {
  test(`a base that ${what}: the fill goes on, by one GET`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 80 * MIB, spec);
    assertWhole(await s.get('/a', byteAt(0)), body, 0, 1);
    await s.idle();
    assert.deepEqual([s.origin.count('GET'), s.kinds('/a').join()], [1, 'body,head']);
  });
}

onEachHost('200 overlapping ranges of the whole are one answer of its length, more are no ranges at all', async ({ origin, ask }) => {
  const body = { seed: 3, size: 100_000 };
  origin.file('/a', { body });
  for (const count of [2, 200, 201, 2000]) {
    const answer = await ask('/a', { headers: { Range: `bytes=${Array.from({ length: count }, (_, i) => `${i}-`).join(',')}` } });
    assert.ok(answer.complete && answer.length <= body.size, `${count}: ${answer.status}, ${answer.length} bytes`);
  }
});

onEachHost('a flood of far ranges takes no more than the file and its parts\' headers', async ({ origin, ask }) => {
  const body = { seed: 3, size: 1_000_000 };
  origin.file('/a', { body });
  for (const step of [82, 500, 4000]) {
    const ranges = Array.from({ length: 200 }, (_, i) => `${i * step}-${i * step}`).join(',');
    const answer = await ask('/a', { headers: { Range: `bytes=${ranges}` } });
    assert.equal(answer.status, 206);
    assert.ok(answer.complete && answer.length < 200 * 200, `${answer.length} bytes`);
  }
});
