import { strict as assert } from 'node:assert';
import { connect } from 'node:net';
import { test } from 'node:test';
import { exchange, fetchRaw } from './client.js';
import { etagOf, Gate, LAST_MODIFIED, startOrigin } from './origin.js';
import { checkPattern, patternBytes, patternHash } from './pattern.js';

const FILE = { seed: 7, size: 300_000 };
const MIB = 1_048_576;

const dateless = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('Date:'));

test('a file is answered with its validators, length and bytes', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a.zip', { body: FILE });
  const answer = await fetchRaw({ to: origin.port, path: '/a.zip' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('Content-Length'), '300000');
  assert.equal(answer.headers.get('ETag'), etagOf(FILE));
  assert.equal(answer.headers.get('Last-Modified'), LAST_MODIFIED);
  assert.ok(Math.abs(Date.parse(answer.headers.get('Date') ?? '') - Date.now()) < 5000);
  assert.equal(answer.sha256, patternHash(FILE));
  assert.equal(answer.complete, true);
  const seen = await origin.waitFor((r) => r.outcome === 'finished');
  assert.deepEqual([seen.method, seen.path, seen.status, seen.bodyBytes], ['GET', '/a.zip', 200, 300_000]);
  assert.equal(origin.count('GET', '/a.zip'), 1);
});

test('HEAD has the header of GET and no body; other methods get 405, other paths 404', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: 'hello' });
  const get = await fetchRaw({ to: origin.port, path: '/a' });
  const head = await fetchRaw({ to: origin.port, path: '/a', method: 'HEAD' });
  assert.deepEqual(dateless(head.lines), dateless(get.lines));
  assert.equal(head.length, 0);
  assert.equal(origin.last('HEAD', '/a').bodyBytes, 0);
  assert.equal((await fetchRaw({ to: origin.port, path: '/a', method: 'POST', body: 'x=1' })).status, 405);
  assert.equal(origin.last('POST', '/a').body.toString(), 'x=1');
  assert.equal((await fetchRaw({ to: origin.port, path: '/b' })).status, 404);
  origin.remove('/a');
  assert.equal((await fetchRaw({ to: origin.port, path: '/a' })).status, 404);
});

const etag = etagOf(FILE);
for (const [range, status, start, end, more] of [
  ['bytes=0-0', 206, 0, 1],
  ['bytes=100-199', 206, 100, 200],
  ['bytes=299990-', 206, 299_990, 300_000],
  ['bytes=299990-999999', 206, 299_990, 300_000],
  ['bytes=-10', 206, 299_990, 300_000],
  ['bytes=-999999', 206, 0, 300_000],
  ['bytes=300000-', 416, 0, 0],
  ['bytes=-0', 416, 0, 0],
  ['bytes=5-4', 200, 0, 300_000],
  ['lines=1-2', 200, 0, 300_000],
  ['bytes=1-2', 206, 1, 3, { 'If-Range': etag }],
  ['bytes=1-2', 206, 1, 3, { 'If-Range': LAST_MODIFIED }],
  ['bytes=1-2', 200, 0, 300_000, { 'If-Range': '"other"' }],
  ['bytes=1-2', 200, 0, 300_000, { 'If-Range': `W/${etag}` }],
  ['bytes=1-2', 304, 0, 0, { 'If-None-Match': etag }],
  ['bytes=1-2', 412, 0, 0, { 'If-Match': '"other"' }],
] as const) {
  test(`Range ${range} ${JSON.stringify(more ?? {})} is answered with ${status}`, async (t) => {
    const origin = await startOrigin(t);
    origin.file('/a', { body: FILE });
    const answer = await fetchRaw({ to: origin.port, path: '/a', headers: { Range: range, ...more } });
    assert.equal(answer.status, status);
    if (status === 206) assert.equal(answer.headers.get('Content-Range'), `bytes ${start}-${end - 1}/300000`);
    else assert.equal(answer.headers.get('Content-Range'), status === 416 ? 'bytes */300000' : undefined);
    assert.equal(answer.length, end - start);
    checkPattern(7, start, answer.body);
  });
}

test('a weak ETag validates, but is no basis for a range', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: FILE, etag: 'W/"w"' });
  assert.equal((await fetchRaw({ to: origin.port, path: '/a', headers: { 'If-None-Match': '"w"' } })).status, 304);
  assert.equal((await fetchRaw({ to: origin.port, path: '/a', headers: { Range: 'bytes=1-2', 'If-Range': 'W/"w"' } })).status, 200);
  assert.equal((await fetchRaw({ to: origin.port, path: '/a', headers: { 'If-Match': 'W/"w"' } })).status, 412);
});

test('a connection carries several requests, also sent at once', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: 'A' });
  const socket = connect(origin.port, '127.0.0.1');
  socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 200 OK[^]*\r\n\r\nAHTTP\/1\.1 404 Not Found/);
  assert.deepEqual(origin.requests.map((r) => r.connection), [1, 1]);
});

test('a body is held at a byte until the test releases it, in every answer and also in ranges', async (t) => {
  const origin = await startOrigin(t);
  const gate = new Gate(1000);
  origin.file('/a', { body: FILE, hold: gate });
  const whole = exchange({ to: origin.port, path: '/a' });
  const part = exchange({ to: origin.port, path: '/a', headers: { Range: 'bytes=990-2999' } });
  await Promise.all([whole.waitForBody(1000), part.waitForBody(10), gate.reached()]);
  assert.deepEqual([whole.sink.length, part.sink.length], [1000, 10]);
  gate.moveTo(2000);
  await Promise.all([whole.waitForBody(2000), part.waitForBody(1010)]);
  assert.deepEqual([whole.sink.length, part.sink.length], [2000, 1010]);
  gate.release();
  assert.equal((await whole.done).sha256, patternHash(FILE));
  assert.equal((await part.done).sha256, patternHash(FILE, 990, 3000));
  assert.equal(gate.waiting, 0);
});

test('a held header comes when it is released; a client that leaves meanwhile is seen', async (t) => {
  const origin = await startOrigin(t);
  const gate = new Gate();
  origin.file('/a', { body: 'A', holdHeader: gate });
  const one = exchange({ to: origin.port, path: '/a' });
  const two = exchange({ to: origin.port, path: '/a' });
  await gate.reached(2);
  two.leave();
  await origin.waitFor((r) => r.outcome === 'aborted');
  gate.release();
  assert.equal((await one.done).body.toString(), 'A');
});

test('a reset after N bytes comes after exactly these bytes, a close too', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: FILE, script: ({ nth }) => (nth <= 2 ? { cutAfter: 123_456 } : undefined) });
  const whole = await fetchRaw({ to: origin.port, path: '/a' });
  const part = await fetchRaw({ to: origin.port, path: '/a', headers: { Range: 'bytes=1000-' } });
  for (const answer of [whole, part]) {
    assert.deepEqual([answer.length, answer.complete, answer.error?.code], [123_456, false, 'ECONNRESET']);
  }
  checkPattern(7, 1000, part.body);
  assert.equal((await fetchRaw({ to: origin.port, path: '/a' })).complete, true);
  origin.file('/b', { body: FILE, cut: 'close', cutAfter: 5000 });
  const closed = await fetchRaw({ to: origin.port, path: '/b' });
  assert.deepEqual([closed.length, closed.complete, closed.error], [5000, false, undefined]);
  origin.file('/c', { body: FILE, cutAfter: -1 });
  await assert.rejects(fetchRaw({ to: origin.port, path: '/c' }), /ECONNRESET/);
});

/** Never faster; slower only as far as a busy machine is. */
function assertRate(seconds: number, expected: number, what: string): void {
  assert.ok(seconds > 0.9 * expected && seconds < 20 * expected, `${what} took ${seconds.toFixed(3)} s instead of ${expected}`);
}

test('a rate is kept to, over all connections together', async (t) => {
  const origin = await startOrigin(t, { rate: 20 * MIB });
  const body = { seed: 1, size: 12 * MIB };
  origin.file('/a', { body });
  for (const clients of [1, 4]) {
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: clients }, (_, i) => fetchRaw({ to: origin.port, path: '/a', headers: { Range: `bytes=${(i * body.size) / clients}-${((i + 1) * body.size) / clients - 1}` } })),
    );
    const seconds = (performance.now() - start) / 1000;
    assert.equal(answers.reduce((sum, answer) => sum + answer.length, 0), body.size);
    assertRate(seconds, 0.6, `${clients} clients: 12 MiB at 20 MiB/s`);
  }
  origin.rate = 10_000;
  origin.file('/slow', { body: 'x'.repeat(5000) });
  const start = performance.now();
  await fetchRaw({ to: origin.port, path: '/slow' });
  const seconds = (performance.now() - start) / 1000;
  assertRate(seconds, 0.5, '5,000 bytes at 10,000 bytes/s');
});

test('a file over 4 GiB is answered at any offset, without being held in memory', async (t) => {
  const origin = await startOrigin(t);
  const size = 5_000_000_000;
  origin.file('/big', { body: { seed: 3, size } });
  const head = await fetchRaw({ to: origin.port, path: '/big', method: 'HEAD' });
  assert.equal(head.headers.get('Content-Length'), '5000000000');
  const before = process.memoryUsage().rss;
  const answer = await fetchRaw({ to: origin.port, path: '/big', headers: { Range: 'bytes=4999999000-' } });
  assert.equal(answer.headers.get('Content-Range'), 'bytes 4999999000-4999999999/5000000000');
  checkPattern(3, 4_999_999_000, answer.body);
  assert.ok(process.memoryUsage().rss - before < 100 * MIB);
});

test('the pattern is the same at an offset however it is cut, and different everywhere else', () => {
  const far = 5_000_000_000;
  const whole = patternBytes(3, far, 20_000);
  for (const [from, to] of [[0, 1], [1, 5], [95, 110], [4090, 4110], [8191, 20_000]] as const) {
    assert.deepEqual(patternBytes(3, far + from, to - from), whole.subarray(from, to));
  }
  assert.throws(() => checkPattern(4, far, whole), /byte 5000000000 of pattern 4/);
  assert.throws(() => checkPattern(3, far + 4096, whole), /should be/);
  assert.throws(() => checkPattern(3, far - 2 ** 32, whole), /should be/);
  // Where table and pages coincide again, only the pages' stamps differ.
  assert.throws(() => checkPattern(3, far - 1_048_573 * 4096, whole), /should be/);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8((whole[777] ?? 0) ^ 1, 777);
  assert.throws(() => checkPattern(3, far, damaged), /byte 5000000777 /);
});

test('one byte at a time arrives whole', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: 'twelve bytes', pieceSize: 1 });
  const answer = await fetchRaw({ to: origin.port, path: '/a' });
  assert.equal(answer.body.toString(), 'twelve bytes');
});

test('a chunked answer has its trailers, and without its last chunk it is incomplete', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: FILE, chunked: true, trailers: ['X-Sum: 1'] });
  const answer = await fetchRaw({ to: origin.port, path: '/a' });
  assert.deepEqual([answer.framing, answer.complete, answer.trailers], ['chunked', true, ['X-Sum: 1']]);
  assert.equal(answer.sha256, patternHash(FILE));
  origin.replace('/a', { cutAfter: FILE.size, cut: 'close' });
  const cut = await fetchRaw({ to: origin.port, path: '/a' });
  assert.deepEqual([cut.length, cut.complete], [FILE.size, false]);
});

test('HEAD and GET may differ in status, validators and length', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: 'hello', head: { etag: '"h"', contentLength: 99, bodyOnHead: true }, get: { etag: 'W/"g"', lastModified: null } });
  const head = await fetchRaw({ to: origin.port, path: '/a', method: 'HEAD' });
  assert.deepEqual([head.headers.get('ETag'), head.headers.get('Content-Length')], ['"h"', '99']);
  const get = await fetchRaw({ to: origin.port, path: '/a' });
  assert.deepEqual([get.headers.get('ETag'), get.headers.has('Last-Modified'), get.body.toString()], ['W/"g"', false, 'hello']);
  assert.equal(origin.last('HEAD', '/a').bodyBytes, 5);
  origin.replace('/a', { head: { status: 501 } });
  assert.equal((await fetchRaw({ to: origin.port, path: '/a', method: 'HEAD' })).status, 501);
});

test('raw header bytes go out as they are: 1xx before, folded, doubled, Latin-1', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', {
    body: 'hello',
    before: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
    headers: { 'content-TYPE': 'text/x', Server: null },
    lines: ['X-Folded: one', '  two', 'Content-Length: 6', 'X-Latin: caf\u00e9'],
  });
  const { interim, headers, lines } = await fetchRaw({ to: origin.port, path: '/a' });
  assert.deepEqual(interim, [103]);
  assert.ok(lines.includes('content-TYPE: text/x'));
  assert.equal(headers.get('X-Folded'), 'one two');
  assert.deepEqual(headers.all('Content-Length'), ['5', '6']);
  assert.equal(headers.get('X-Latin'), 'caf\u00e9');
  assert.equal(headers.has('Server'), false);
  origin.file('/b', { body: 'B', rawHead: 'HTTP/1.0 200 fine\r\nx:y\r\n\r\n' });
  const raw = await fetchRaw({ to: origin.port, path: '/b' });
  assert.deepEqual([raw.lines, raw.body.toString()], [['HTTP/1.0 200 fine', 'x:y'], 'B']);
});

test('a wrong length ends with the connection: short, or with bytes too many', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/short', { body: 'hello', contentLength: 9 });
  const short = await fetchRaw({ to: origin.port, path: '/short' });
  assert.deepEqual([short.length, short.complete], [5, false]);
  origin.file('/none', { body: 'hello', contentLength: null });
  const none = await fetchRaw({ to: origin.port, path: '/none' });
  assert.deepEqual([none.length, none.framing, none.complete], [5, 'close', true]);
  origin.file('/long', { body: 'hello', contentLength: 3 });
  const socket = connect(origin.port, '127.0.0.1');
  socket.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /Content-Length: 3\r\n[^]*\r\n\r\nhello$/);
});

test('a 206 can be wrong: not the range that was asked, or not the one it names', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: FILE, partial: { start: 50 } });
  const shifted = await fetchRaw({ to: origin.port, path: '/a', headers: { Range: 'bytes=100-199' } });
  assert.equal(shifted.headers.get('Content-Range'), 'bytes 50-199/300000');
  checkPattern(7, 50, shifted.body);
  origin.replace('/a', { partial: { contentRange: 'bytes 0-99/300000' } });
  const named = await fetchRaw({ to: origin.port, path: '/a', headers: { Range: 'bytes=100-199' } });
  assert.equal(named.headers.get('Content-Range'), 'bytes 0-99/300000');
  checkPattern(7, 100, named.body);
  origin.file('/b', { body: FILE, ignoreRange: true });
  assert.equal((await fetchRaw({ to: origin.port, path: '/b', headers: { Range: 'bytes=100-199' } })).status, 200);
});

test('an origin that refuses is gone, and comes back on the same port', async (t) => {
  const origin = await startOrigin(t);
  const gate = new Gate(2);
  origin.file('/a', { body: 'hello', hold: gate });
  const running = exchange({ to: origin.port, path: '/a' });
  await running.waitForBody(2);
  await origin.refuse({ keep: true });
  await assert.rejects(fetchRaw({ to: origin.port, path: '/a' }), /ECONNREFUSED/);
  gate.release();
  assert.equal((await running.done).complete, true);
  await origin.accept();
  assert.equal((await fetchRaw({ to: origin.port, path: '/a' })).status, 200);
});

test('a silent origin takes requests and never answers', async (t) => {
  const origin = await startOrigin(t);
  origin.silent = true;
  const waiting = exchange({ to: origin.port, path: '/a' });
  const seen = await origin.waitFor((r) => r.path === '/a');
  assert.equal(seen.outcome, 'pending');
  waiting.leave();
  await origin.waitFor((r) => r.outcome === 'aborted');
  assert.equal(waiting.sink.length, 0);
});

test('a path with any byte is found and logged as it came', async (t) => {
  const origin = await startOrigin(t);
  const path = '/a%20b[c]+~\'\u00e9//../%2e';
  origin.file(path, { body: 'x' });
  assert.equal((await fetchRaw({ to: origin.port, path })).status, 200);
  assert.equal(origin.requests[0]?.path, path);
});
