// Connections that the built-in server keeps to the base.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { exchange, fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { atEnd, freePort } from '../support/place.js';
import { startServe } from '../support/servers/serve.js';

const BODY = { seed: 1, size: 100_000 };

for (const how of ['close', 'reset'] as const) {
  test(`the base ends a kept connection (${how}) as it is asked on it: it is asked on a new one, and nobody notices`, async (t) => {
    const origin = await startOrigin(t);
    const used = new Set<number>();
    origin.file('/a', {
      body: BODY,
      script: ({ connection }) => {
        if (used.has(connection)) return { cutAfter: -1, cut: how };
        used.add(connection);
        return undefined;
      },
    });
    const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const answer = await exchange({ to: server.port, path: '/a' }).done;
      assert.equal(answer.sha256, patternHash(BODY), server.errorLog());
      statuses.push(answer.headers.get('Cache-Status'));
    }
    const [first, ...later] = statuses;
    assert.equal(first, 'offload; fwd=uri-miss; fwd-status=200; stored');
    // On a busy machine the body may not have its name yet.
    for (const status of later) assert.match(status ?? '', /^offload; (?:hit; detail=validated|fwd=uri-miss; fwd-status=200; stored; collapsed)$/);
    assert.ok(origin.requests.some(({ outcome }) => outcome === 'cut'), 'no connection was kept');
    assert.equal(server.errorLog().includes('failed'), false, server.errorLog());
  });
}

test('questions go over one connection, as long as the base keeps it', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/kept', { body: BODY });
  origin.file('/closed', { body: BODY, keepAlive: false });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  const connections = async (path: string) => {
    for (let i = 0; i < 5; i++) assert.equal((await exchange({ to: server.port, path, method: 'HEAD' }).done).status, 200);
    return new Set(origin.requests.filter((request) => request.path === path).map(({ connection }) => connection)).size;
  };
  assert.equal(await connections('/kept'), 1);
  assert.equal(await connections('/closed'), 5);
  const together = Array.from({ length: 20 }, () => exchange({ to: server.port, path: '/kept', method: 'HEAD' }).done);
  for (const { status } of await Promise.all(together)) assert.equal(status, 200);
  assert.equal(server.errorLog().includes('failed'), false, server.errorLog());
});

test('a base that ends every connection unanswered is asked twice at most', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: BODY });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0', OFFLOAD_STALE_IF_ERROR: '0' });
  await exchange({ to: server.port, path: '/a' }).done;
  origin.file('/a', { body: BODY, cutAfter: -1 });
  const before = origin.count();
  assert.equal((await exchange({ to: server.port, path: '/a' }).done).status, 502);
  assert.equal(origin.count(), before + 2);
});

/** A body where none may be, that would be a good answer to the next question. */
const UNASKED = 'HTTP/1.1 200 OK\r\nETag: "unasked"\r\nContent-Length: 7\r\n\r\nunasked';

/** A base that keeps its connections, whatever it has said on them; `send` says what comes behind an answer to HEAD. */
async function careless(t: TestContext, behindHead: (socket: Socket) => void): Promise<string> {
  const base = createServer((socket) => {
    socket.setEncoding('latin1').on('error', () => undefined).on('data', (text: string) => {
      const isHead = text.startsWith('HEAD');
      const body = text.includes(' /a ') ? UNASKED : 'wanted';
      socket.write(`HTTP/1.1 200 OK\r\nETag: "${body.length}"\r\nContent-Length: ${body.length}\r\n\r\n${isHead ? '' : body}`);
      if (isHead && body === UNASKED) behindHead(socket);
    });
  });
  const port = await freePort();
  base.listen(port, '127.0.0.1');
  await once(base, 'listening');
  atEnd(t, () => base.close());
  return `http://127.0.0.1:${port}`;
}

const WHEN: { readonly [when: string]: (socket: Socket) => void } = {
  'at once': (socket) => socket.write(UNASKED),
  'when the connection is idle': (socket) => setImmediate(() => setImmediate(() => socket.write(UNASKED))),
};

for (const [when, behindHead] of Object.entries(WHEN)) {
  test(`what a base sends behind an answer to HEAD, ${when}, is no answer to the next question`, async (t) => {
    const server = await startServe(t, { OFFLOAD_BASE: await careless(t, behindHead), OFFLOAD_KEEP_FREE: '0' });
    for (let i = 0; i < 20; i++) {
      assert.equal((await fetchRaw({ to: server.port, path: '/a', method: 'HEAD' })).status, 200);
      const { headers, body } = await fetchRaw({ to: server.port, path: '/b' });
      assert.deepEqual([headers.get('ETag'), body.toString()], ['"6"', 'wanted'], server.errorLog());
    }
  });
}
