// Whatever comes over the wire, from a base or from a client: an answer or an error, in time.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Connect, plainHead } from '../../src/base/plain-head.js';
import { exchange, fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { atEnd, freePort } from '../support/place.js';
import { fuzz } from '../support/random.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil, within } from '../support/wait.js';

const HEAD = 'HTTP/1.1 200 OK\r\nDate: Tue, 01 Sep 2026 08:00:00 GMT\r\nETag: "a"\r\nContent-Length: 10\r\n\r\n';
const PIECES = ['HTTP/1.1 200 OK', 'HTTP/1.0 404 x', 'HTTP/1.1 100 Continue', '\r\n', '\r\n\r\n', '\n', ': ', 'Content-Length: 5', 'Transfer-Encoding: chunked', ' folded', 'X', '\0', 'é', 'x'.repeat(5000)];

test('the plain HEAD: a well-formed header, nothing, or an error; never a wait without end', async (t) => {
  let text = '';
  const base = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(text, 'latin1')));
  const port = await freePort();
  base.listen(port, '127.0.0.1');
  await once(base, 'listening');
  atEnd(t, () => base.close());
  let plain = 0;
  await fuzz(500, async (random) => {
    text = random.below(2) === 0 ? random.mutate(HEAD) : random.text(PIECES, 12);
    let socket: Socket | undefined;
    const dial: Connect = (onread) => (socket = connect({ port, host: '127.0.0.1', onread }));
    const asking = plainHead(dial, '/a', ['Host', 'x'], 60_000, () => new Error('too slow')).catch(() => undefined);
    const answer = await within(asking, () => `an answer to ${JSON.stringify(text)}`);
    socket?.destroy();
    if (answer === undefined) return;
    plain++;
    assert.ok(answer.status >= 200 && answer.status < 600);
    for (const [name, value] of answer.fields.list) {
      assert.match(name, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
      assert.doesNotMatch(value, /[\x00-\x08\x0a-\x1f\x7f]/);
    }
    assert.ok(answer.fields.all('content-length').length <= 1);
  });
  assert.ok(plain > 20, `only ${plain} were plain`);
});

const REQUEST = 'GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=0-4,6-\r\nIf-None-Match: "b"\r\nConnection: close\r\n\r\n';

test('the built-in server answers any request, or closes; and the next client is served', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: '0123456789' });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  await fuzz(300, async (random) => {
    const text = random.mutate(REQUEST);
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1').on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk: string) => (answer += chunk)).end(text, 'latin1');
    await within(once(socket, 'close'), () => `an end of the answer to ${JSON.stringify(text)}; came: ${answer}`, 25_000);
    assert.ok(answer === '' || /^HTTP\/1\.1 \d{3} /.test(answer), answer);
    assert.doesNotMatch(answer, /HTTP\/1\.1 500|node:|offload:\d/);
  });
  assert.equal((await fetchRaw({ to: server.port, path: '/a' })).body.toString(), '0123456789');
  assert.doesNotMatch(server.errorLog(), /fault/);
});

test('the built-in server survives any base', async (t) => {
  const origin = await startOrigin(t);
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0', OFFLOAD_TIMEOUT: '1s' });
  await fuzz(150, async (random) => {
    const path = `/${random.below(1_000_000_000)}`;
    const raw = () => (random.below(3) === 0 ? {} : { rawHead: random.mutate(HEAD) });
    origin.file(path, { body: '0123456789', head: raw(), get: raw() });
    const answer = await exchange({ to: server.port, path }).done;
    assert.ok(answer.status >= 200 && answer.status <= 599 && answer.status !== 500, `${answer.status}`);
  });
  origin.file('/a', { body: 'hello' });
  // On a busy machine it may be silent for a second.
  await waitUntil(async () => (await fetchRaw({ to: server.port, path: '/a' })).body.toString() === 'hello', { what: 'an answer from the base' });
  assert.doesNotMatch(server.errorLog(), /fault/);
});
