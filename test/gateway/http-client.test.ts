// What a client may do, by the environment of a script and on a connection to `serve`.
import { strict as assert } from 'node:assert';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Answer, onConnection, onEachFront, onEachHost } from '../support/front.js';
import { runCgi } from '../support/cgi.js';
import { fetchRaw } from '../support/client.js';
import { etagOf, startOrigin } from '../support/origin.js';
import { patternBytes, patternHash } from '../support/pattern.js';
import { tempDir } from '../support/place.js';
import { within } from '../support/wait.js';

const BODY = { seed: 71, size: 3000 };

function assertWhole(answer: Answer): void {
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, patternHash(BODY)], answer.lines.join('\n'));
}

onEachHost('a path reaches the base byte for byte: //, .., %2e, %2F, %00, non-UTF-8', async ({ origin, ask, port }) => {
  const raw = ['/caf\xe9', '/\xff\xfe'];
  // These bytes are no URL's (RFC 3986 §2); node:http refuses them, web servers pass them on.
  if (port !== undefined) for (const path of raw) assert.equal((await ask(path)).status, 400);
  const paths = [...(port === undefined ? raw : []), '//a//b', '/a/../b', '/%2e%2e/%2E/b', '/a%2Fb%5Cc', '/%00', '/caf%E9', '/%', '/%zz', "/a;b=c:d@e'(f)*!$&+,~", '/[x]|{y}^`"<>\\'];
  for (const path of paths) {
    origin.file(path, { body: BODY });
    assertWhole(await ask(path));
    assert.equal(origin.last('GET', path).headers.get('Host'), origin.authority);
  }
});

onEachHost('an absolute URL is its path, whatever its host (RFC 9112 §3.2.2)', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  origin.file('/', { body: BODY });
  for (const url of ['http://elsewhere.test/a', 'HTTP://x:8080/a', 'https://user@[::1]/a', 'http://elsewhere.test', 'http://elsewhere.test/']) assertWhole(await ask(url));
  assert.equal((await ask('http://elsewhere.test?x')).status, 403);
  for (const { headers } of origin.requests) assert.equal(headers.get('Host'), origin.authority);
});

test('a script called by its own URL takes its name off, also of an absolute one', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: BODY });
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(tempDir(t), 'cache') };
  for (const url of ['/cgi-bin/offload.cgi/a', 'http://elsewhere.test/cgi-bin/offload.cgi/a']) {
    const answer = await runCgi({ url, settings, env: { SCRIPT_NAME: '/cgi-bin/offload.cgi', PATH_INFO: '/a' } });
    assert.deepEqual([answer.status, answer.sha256], [200, patternHash(BODY)], url);
  }
});

onEachHost('what is no path is refused without asking the base', async ({ origin, ask }) => {
  for (const [url, status] of [['/a?', 403], ['/a?b=c', 403], ['/a#b', 400], [`/${'x'.repeat(16_001)}`, 414], ['ftp://x/a', 400], ['*', 400], ['a', 400]] as const) {
    const answer = await ask(url).catch(() => undefined);
    // node:http ends some of them itself.
    assert.ok(answer === undefined || answer.status === status || [400, 431].includes(answer.status), `${url.slice(0, 20)}: ${answer?.status}`);
  }
  assert.equal(origin.count(), 0);
});

onEachHost('other methods are 405, and say which are not', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) {
    const answer = await ask('/a', { method, headers: { Range: 'bytes=0-1', 'If-None-Match': '*' }, ...(method === 'POST' ? { body: 'x=1' } : {}) });
    assert.deepEqual([answer.status, answer.headers.get('Allow')], [405, 'GET, HEAD'], method);
  }
  assert.equal(origin.count(), 0);
});

onEachFront('a body on GET means nothing', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  for (let i = 0; i < 2; i++) assertWhole(await ask('/a', { body: 'GET /b HTTP/1.1\r\nHost: x\r\n\r\n' }));
  assert.equal(origin.last('GET', '/a').headers.has('Content-Length'), false);
  assert.deepEqual(new Set(origin.requests.map(({ path }) => path)), new Set(['/a']));
});

onEachFront('HTTP/1.0 gets no chunks; the end of the connection is the end of a body without a length', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  origin.file('/chunked', { body: BODY, chunked: true });
  for (const path of ['/a', '/chunked']) {
    const answer = await ask(path, { version: 'HTTP/1.0' });
    assertWhole(answer);
    assert.equal(answer.headers.has('Transfer-Encoding'), false);
  }
  const part = await ask('/a', { version: 'HTTP/1.0', headers: { Range: 'bytes=0-9' } });
  assert.deepEqual([part.status, part.length], [206, 10]);
});

onEachHost('no field of a client reaches the base', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  const headers = { Cookie: 'a=b', Authorization: 'Basic eDp5', Referer: 'http://x/', 'X-Forwarded-For': '192.0.2.1', 'Accept-Encoding': 'gzip', 'Cache-Control': 'no-cache', 'If-None-Match': '"x"', Range: 'bytes=0-1', Expect: '', 'User-Agent': 'me' };
  await ask('/a', { headers });
  for (const request of origin.requests) {
    const names = request.headers.list.map(([name]) => name.toLowerCase()).filter((name) => name !== 'connection');
    assert.deepEqual(names.sort(), ['accept', 'accept-encoding', 'host', 'user-agent', 'via', 'x-mod-offload-bypass']);
    assert.equal(request.headers.get('Accept-Encoding'), 'identity');
    assert.match(request.headers.get('User-Agent') ?? '', /^offload\//);
  }
});

onEachHost('odd fields harm nobody: empty, huge, 8-bit, of the wrong kind', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  const odd = [{ Range: '' }, { 'If-Range': '' }, { 'If-None-Match': '' }, { 'If-Modified-Since': '' }, { 'Cache-Control': '=;,"' }, { Range: '\xff' }, { 'If-None-Match': '\xe9'.repeat(4000) }, { 'If-Match': '' }];
  for (const headers of odd as Record<string, string>[]) {
    const { status } = await ask('/a', { headers });
    assert.equal(status, 'If-Match' in headers ? 412 : 200, JSON.stringify(headers).slice(0, 60));
  }
});

/** Sends text on one connection to `serve`, and gives all that comes until it ends. */
async function talk(port: number, text: string, { end = false } = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let got = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk));
  const closed = new Promise<void>((resolve, reject) => {
    socket.once('end', resolve).once('error', reject);
  });
  socket.write(text, 'latin1');
  if (end) socket.end();
  await within(closed, () => `the end of the connection; came: ${got.slice(0, 1000)}`);
  socket.destroy();
  return got;
}

onConnection('several requests on one connection, sent at once, are answered in order and framed right', async ({ origin, port, warm }) => {
  origin.file('/a', { body: BODY });
  await warm('/a');
  const asked = [
    ['GET', '/a', '', 200, 3000],
    ['HEAD', '/a', '', 200, 0],
    ['GET', '/a', `If-None-Match: ${etagOf(BODY)}\r\n`, 304, 0],
    ['GET', '/a', 'Range: bytes=0-9\r\n', 206, 10],
    ['HEAD', '/none', '', 404, 0],
    ['POST', '/a', 'Content-Length: 3\r\n', 405, undefined, 'x=1'],
    ['GET', '/a', 'Content-Length: 3\r\n', 200, 3000, 'abc'],
    ['GET', '/a', 'Range: bytes=9999-\r\n', 416, undefined],
    ['GET', '/a', 'Connection: close\r\n', 200, 3000],
  ] as const;
  const text = asked.map(([method, path, fields, , , body = '']) => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`).join('');
  let rest = await talk(port, text);
  for (const [method, , , status, length] of asked) {
    const [head = ''] = rest.split('\r\n\r\n', 1);
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    const announced = method === 'HEAD' || status === 304 ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1]);
    if (length !== undefined) assert.equal(announced, length);
    const body = rest.slice(head.length + 4, head.length + 4 + announced);
    if (length === 3000) assert.equal(body, patternBytes(BODY.seed, 0, 3000).toString('latin1'));
    rest = rest.slice(head.length + 4 + announced);
  }
  assert.equal(rest, '');
});

onConnection('a client that has ended its side still gets its answer', async ({ origin, port }) => {
  origin.file('/a', { body: BODY });
  const got = await talk(port, 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n', { end: true });
  assert.match(got, /^HTTP\/1\.1 200 /);
  assert.ok(got.endsWith(patternBytes(BODY.seed, 0, 3000).toString('latin1')));
});

onConnection('two Host fields, none, or two ways to tell a length are 400 (RFC 9112 §3.2, §6.1)', async ({ origin, port }) => {
  origin.file('/a', { body: BODY });
  const bad = ['Host: x\r\nHost: y\r\n', '', 'Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n', 'Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n', 'Host: x\r\nX-Folded: a\r\n b\r\n', 'Host : x\r\n'];
  for (const fields of bad) {
    assert.match(await talk(port, `GET /a HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`), /^HTTP\/1\.1 400 /, JSON.stringify(fields));
  }
  assert.equal(origin.count(), 0);
});

onConnection('an old client without Host, and one that wants another protocol, get the file', async ({ origin, port }) => {
  origin.file('/a', { body: BODY });
  assert.match(await talk(port, 'GET /a HTTP/1.0\r\n\r\n'), /^HTTP\/1\.[01] 200 /);
  assert.match(await talk(port, 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

onConnection('a header that is too long is refused, and the next client served', async ({ origin, port }) => {
  origin.file('/a', { body: BODY });
  assert.match(await talk(port, `GET /a HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`).catch(() => 'HTTP/1.1 431 reset'), /^HTTP\/1\.1 431 /);
  assert.equal((await fetchRaw({ to: port, path: '/a' })).status, 200);
});
