// Connections that the built-in server keeps to the base.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { exchange } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
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
