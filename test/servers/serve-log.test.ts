import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { exchange } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { startServe } from '../support/servers/serve.js';

const BODY = { seed: 1, size: 30_000_000 };

test('offload serve logs nothing about clients that leave half-way; a base that breaks off is worth a line', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/left.bin', { body: BODY });
  origin.file('/broken.bin', { body: BODY, get: { status: 503 }, script: ({ method, nth }) => (method === 'GET' && nth === 1 ? { status: 200, cutAfter: 400_000 } : undefined) });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_TIMEOUT: '5s' });
  for (const how of ['reset', 'close'] as const) {
    const clients = Array.from({ length: 5 }, () => exchange({ to: server.port, path: '/left.bin' }));
    for (const client of clients) {
      await client.waitForBody(100_000);
      client.leave(how);
    }
  }
  const whole = await exchange({ to: server.port, path: '/left.bin' }).done;
  assert.equal(whole.length, BODY.size);
  assert.doesNotMatch(server.errorLog(), /left/);

  const broken = await exchange({ to: server.port, path: '/broken.bin' }).done;
  assert.equal(broken.complete, false);
  await server.stop();
  assert.match(server.errorLog(), /\/broken\.bin: /);
});
