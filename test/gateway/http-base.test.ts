// What a base may do to us, and the client survives it.
import { strict as assert } from 'node:assert';
import { type Answer, onEachFront, onEachHost, type Stage } from '../support/front.js';
import { type FileSpec, Gate } from '../support/origin.js';
import { type Pattern, patternHash } from '../support/pattern.js';

const BODY = { seed: 61, size: 5000 };
const EARLY = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';

function assertWhole(answer: Answer, body: Pattern = BODY): void {
  assert.deepEqual([answer.status, answer.complete, answer.length, answer.sha256], [200, true, body.size, patternHash(body)], answer.lines.join('\n'));
}

/** The answer to the last of two requests for a file that the base sends like this. */
async function twice({ origin, warm, ask }: Stage, spec: Partial<FileSpec>): Promise<Answer> {
  origin.file('/a', { body: BODY, ...spec });
  assertWhole(await warm('/a'));
  const answer = await ask('/a');
  assertWhole(answer);
  return answer;
}

onEachHost('1xx before the answer are not for the client', async (stage) => {
  const answer = await twice(stage, { before: EARLY });
  assert.equal(answer.headers.has('Link'), false);
  assert.equal(stage.origin.count('GET', '/a'), 1);
});

onEachHost('names of fields come in any case', async (stage) => {
  const names = { eTaG: '"q"', 'LAST-MODIFIED': 'Tue, 01 Sep 2026 08:00:00 GMT', 'content-TYPE': 'text/x', 'cache-CONTROL': 'MAX-AGE=5' };
  const answer = await twice(stage, { etag: null, lastModified: null, headers: { 'Content-Type': null, ...names } });
  assert.deepEqual([answer.headers.get('ETag'), answer.headers.get('Content-Type')], ['"q"', 'text/x']);
  assert.equal((await stage.ask('/a', { headers: { 'If-None-Match': '"q"' } })).status, 304);
  assert.equal(stage.origin.count('GET', '/a'), 1);
});

onEachFront('8-bit values pass byte for byte', async (stage) => {
  const headers = { 'X-Latin': 'caf\xe9', 'X-UTF-8': 'caf\xc3\xa9', 'Content-Disposition': 'attachment; filename="\xff\x80.bin"' };
  const answer = await twice(stage, { headers });
  for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers.get(name), value);
});

onEachHost('no Content-Type: none is made up', async (stage) => {
  const answer = await twice(stage, { headers: { 'Content-Type': null } });
  assert.equal(answer.headers.has('Content-Type'), false);
});

onEachHost('a folded value is refused: 502, not a guess (RFC 9112 §5.2)', async ({ origin, ask, log }) => {
  origin.file('/a', { body: BODY, lines: ['X-Folded: a', ' b'] });
  assert.equal((await ask('/a')).status, 502);
  assert.match(log(), /HEAD failed/);
});

onEachHost('two lengths are refused, also the same one twice: 502 (RFC 9110 §8.6, RFC 9112 §6.3)', async ({ origin, ask }) => {
  origin.file('/two', { body: BODY, lines: ['Content-Length: 4000'] });
  origin.file('/same', { body: BODY, lines: ['Content-Length: 5000'] });
  origin.file('/list', { body: BODY, contentLength: '5000, 4000' });
  origin.file('/chunks', { body: BODY, chunked: true, lines: ['Content-Length: 4000'] });
  origin.file('/negative', { body: BODY, contentLength: '-5' });
  for (const path of ['/two', '/same', '/list', '/chunks', '/negative']) assert.equal((await ask(path)).status, 502, path);
});

onEachFront('a body in chunks passes, its trailers stay behind', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, chunked: true, trailers: ['X-Trailer: 1', 'Content-MD5: x'], lines: ['Trailer: X-Trailer'] });
  const answer = await ask('/a');
  assertWhole(answer);
  assert.doesNotMatch(answer.lines.join('\n'), /trailer/i);
});

onEachHost('a HEAD with a body, and another request after it', async (stage) => {
  await twice(stage, { head: { bodyOnHead: true } });
  assert.equal(stage.origin.count('GET', '/a'), 1);
});

onEachHost('a base without HEAD is asked with a GET that ends after its header', async ({ origin, warm, ask }) => {
  for (const status of [405, 501]) {
    const path = `/${status}`;
    const gate = new Gate(1000);
    origin.file(path, { body: BODY, head: { status }, hold: gate });
    const head = await ask(path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('Content-Length')], [200, '5000']);
    await origin.waitFor((r) => r.method === 'GET' && r.path === path && r.outcome === 'aborted');
    gate.release();
    assertWhole(await warm(path));
    assertWhole(await ask(path));
  }
});

onEachHost('another length in HEAD than in GET: the GET counts', async ({ origin, warm, ask }) => {
  for (const contentLength of [4000, 6000, 0]) {
    origin.file(`/${contentLength}`, { body: BODY, head: { contentLength } });
    assertWhole(await warm(`/${contentLength}`));
    assertWhole(await ask(`/${contentLength}`));
  }
});

onEachHost('one byte at a time, the header too', async (stage) => {
  const body = { seed: 63, size: 300 };
  stage.origin.file('/a', { body, pieceSize: 1 });
  assertWhole(await stage.ask('/a'), body);
});

onEachHost('a header without end is 502', async ({ origin, ask }) => {
  origin.file('/long', { body: BODY, headers: { 'X-Long': 'x'.repeat(100_000) } });
  origin.file('/many', { body: BODY, lines: Array.from({ length: 5000 }, (_, i) => `X-${i}: y`) });
  for (const path of ['/long', '/many']) assert.equal((await ask(path)).status, 502, path);
});

onEachHost('what is no HTTP is 502', async ({ origin, ask }) => {
  const starts = ['ICY 200 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/3.9 200 OK', 'HTTP/1.1 200 OK\r\nNo colon', 'HTTP/1.1 200 OK\r\nBad Name: x', 'HTTP/1.1 200 OK\r\nX: a\0b', '<html>'];
  for (const [i, start] of starts.entries()) {
    origin.file(`/${i}`, { body: BODY, rawHead: `${start}\r\nContent-Length: 5000\r\nETag: "x"\r\n\r\n` });
    assert.equal((await ask(`/${i}`)).status, 502, JSON.stringify(start));
  }
});

onEachHost('an answer that nobody asked for is 502: a range, a 304, a 412, a 416, another protocol', async ({ origin, ask }) => {
  for (const status of [101, 206, 226, 304, 412, 416, 500, 599]) {
    origin.file(`/${status}`, { body: BODY, status, headers: { Upgrade: 'x' } });
    const answer = await ask(`/${status}`, { headers: { Range: 'bytes=0-1', 'If-None-Match': '"x"' } });
    assert.equal(answer.status, 502, String(status));
    assert.equal(answer.complete, true);
  }
});

onEachFront('other statuses are passed on, with a text of ours', async ({ origin, ask }) => {
  for (const status of [204, 400, 404, 410, 418, 429, 451]) {
    origin.file(`/${status}`, { body: BODY, status, headers: { 'Retry-After': '7' } });
    const answer = await ask(`/${status}`);
    assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [status, '7']);
    assert.equal(answer.length === 0, status === 204);
  }
});

onEachFront('a redirect is passed on and never followed', async ({ origin, ask }) => {
  const places = ['/there?x=%2F#y', 'https://elsewhere.test/a', '//elsewhere.test/b', 'there', '../caf\xe9'];
  for (const [i, status] of [301, 302, 303, 307, 308].entries()) {
    const place = places[i] ?? '';
    origin.file('/moved', { body: 'secret', status, headers: { Location: place } });
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask('/moved', { method });
      assert.deepEqual([answer.status, answer.headers.get('Location')], [status, place]);
      assert.doesNotMatch(answer.body.toString(), /secret/);
    }
  }
  assert.equal(origin.count(), origin.count(undefined, '/moved'));
});

onEachHost('a connection that breaks within the header is 502', async ({ origin, ask }) => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nETag: "x"\r\n\r\n';
  for (const length of [0, 1, 9, 17, 40, whole.length - 1]) {
    const spec: Partial<FileSpec> = length === 0 ? { cutAfter: -1 } : { rawHead: whole.slice(0, length), cutAfter: 0 };
    for (const cut of ['reset', 'close'] as const) {
      origin.file(`/${length}${cut}`, { body: BODY, ...spec, cut });
      assert.equal((await ask(`/${length}${cut}`)).status, 502, `${cut} after ${length} bytes`);
    }
  }
});

onEachHost('a connection that breaks within the body: the rest is asked for, the client gets the whole', async ({ origin, ask }) => {
  for (const cutAfter of [0, 1, 2500, 4999]) {
    origin.file(`/${cutAfter}`, { body: BODY, script: ({ method, nth }) => (method === 'GET' && nth === 1 ? { cutAfter } : undefined) });
    assertWhole(await ask(`/${cutAfter}`));
    // What came just before a reset may be lost.
    const from = Number(/^bytes=(\d+)-$/.exec(origin.last('GET', `/${cutAfter}`).headers.get('Range') ?? 'bytes=0-')?.[1]);
    assert.ok(from <= cutAfter, `${from} of ${cutAfter}`);
  }
});

onEachFront('a body shorter than its length never looks whole', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, get: { cutAfter: 1000, ignoreRange: true } });
  origin.file('/own', { body: BODY, headers: { 'Cache-Control': 'no-store' }, get: { cutAfter: 1000 } });
  for (const path of ['/a', '/own']) {
    const answer = await ask(path);
    assert.ok(answer.status === 502 || !answer.complete, `${path}: ${answer.status}, ${answer.length} bytes`);
  }
});
