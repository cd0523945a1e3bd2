import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Gate } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { processState } from '../support/processes.js';
import { assertWhole, checks, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const BODY = { seed: 3, size: 300_000 };

const KINDS = [
  ['Cache-Control: no-store', { headers: { 'Cache-Control': 'max-age=60, No-Store' } }],
  ['Cache-Control: private', { headers: { 'Cache-Control': 'private="x"' } }],
  ['Set-Cookie', { headers: { 'Set-Cookie': 'id=1' } }],
  ['a content coding', { headers: { 'Content-Encoding': 'gzip' } }],
  ['Vary: Cookie', { headers: { Vary: 'Accept-Encoding, Cookie' } }],
  ['Vary: *', { headers: { Vary: '*' } }],
  ['no validator', { etag: null, lastModified: null }],
  ['a Last-Modified that is no date', { etag: null, lastModified: 'yesterday' }],
  ['no length', { contentLength: null }],
  ['no length, in chunks', { chunked: true }],
] as const;

for (const [what, spec] of KINDS) {
  test(`with ${what} a 200 is passed through, and never stored`, async (t) => {
    const s = await scene(t);
    s.origin.file('/a', { body: BODY, ...spec });
    for (let i = 1; i <= 2; i++) {
      const result = await s.get('/a', { check: checks(BODY) });
      assert.equal(result.status, 200);
      assert.deepEqual([result.sha256, result.exitCode], [patternHash(BODY), 0]);
      assert.equal(result.headers.get('Content-Length'), what.startsWith('no length') ? undefined : String(BODY.size));
      assert.match(result.headers.get('Cache-Status') ?? '', /^offload; fwd=bypass; fwd-status=200; detail=uncacheable$/);
      assert.equal(s.origin.count('GET'), i);
    }
    assert.equal((await s.head('/a')).status, 200);
    assert.equal(s.origin.count('GET'), 2);
    assert.deepEqual(s.names('/a'), []);
  });

  test(`with ${what} a 200 is refused, if so set`, async (t) => {
    const s = await scene(t, { settings: { OFFLOAD_UNCACHEABLE: 'refuse' } });
    s.origin.file('/a', { body: BODY, ...spec });
    assert.equal((await s.get('/a')).status, 403);
    assert.equal(s.origin.count('GET'), 0);
  });
}

for (const [what, spec] of [
  ['a weak ETag alone', { etag: 'W/"1"', lastModified: null }],
  ['a Last-Modified alone', { etag: null }],
  ['Vary: Accept-Encoding', { headers: { Vary: 'accept-encoding' } }],
  ['Content-Encoding: identity', { headers: { 'Content-Encoding': 'identity' } }],
  ['Cache-Control: no-cache, which only says to ask', { headers: { 'Cache-Control': 'no-cache' } }],
  ['Cache-Control: max-age=0', { headers: { 'Cache-Control': 'max-age=0' } }],
] as const) {
  test(`with ${what} it is stored`, async (t) => {
    const s = await scene(t, { settings: { OFFLOAD_UNCACHEABLE: 'refuse' } });
    s.origin.file('/a', { body: BODY, ...spec });
    for (const _ of ['cold', 'warm']) {
      assertWhole(await s.get('/a'), BODY);
      await s.idle();
    }
    assert.deepEqual([s.origin.count('GET'), s.kinds('/a').join(' ')], [1, 'body head']);
  });
}

test('a body that is passed through streams; a slow client holds the base back, and one that leaves ends it', async (t) => {
  const s = await scene(t);
  const body = { seed: 1, size: 64 * 1_048_576 };
  const gate = new Gate(1000);
  s.origin.file('/a', { body, hold: gate, headers: { 'Cache-Control': 'no-store' } });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(1000);
  client.pause();
  gate.release();
  const seen = s.origin.last('GET', '/a');
  client.leave();
  await client.done.catch(() => undefined);
  await s.origin.waitFor((request) => request === seen && request.outcome === 'aborted');
  assert.ok(seen.bodyBytes < body.size / 2, `${seen.bodyBytes} bytes were taken from the base for a client that read nothing`);
});

const CUT = { body: BODY, chunked: true, cutAfter: 100_000 };

test('a body without a length that breaks off is not ended: only the web server can cut it', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', CUT);
  const client = await s.start('/a');
  await client.waitForBody(CUT.cutAfter);
  await waitUntil(() => client.stderr.includes('cut short'));
  const begun = performance.now();
  await waitUntil(() => performance.now() - begun > 500);
  assert.deepEqual([client.sink.ended, processState(client.pid)], [false, 'S']);
});

test('a body in chunks that breaks off has no last chunk', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', CUT);
  const result = await s.get('/a', { nph: true });
  assert.notEqual(result.exitCode, 0);
  assert.match(result.stderr, /cut short/);
  assert.equal(result.headers.get('Transfer-Encoding'), 'chunked');
  assert.doesNotMatch(result.body.toString('latin1'), /\r\n0\r\n\r\n$/);
});

test('a file that is cached, and then must not be any more: what was here is not sent again', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: 'old' });
  await s.get('/a');
  await s.idle();
  s.origin.file('/a', { body: 'new', headers: { 'Cache-Control': 'no-store' } });
  for (let i = 0; i < 2; i++) assert.equal((await s.get('/a')).body.toString(), 'new');
});
