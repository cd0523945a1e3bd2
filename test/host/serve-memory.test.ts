import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientLeft, Outflow } from '../../src/host/serve/outflow.js';
import { atEnd, type Cleanup } from '../support/place.js';
import { within } from '../support/wait.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A response of a real server to a real client, whose socket is paused. */
async function connected(t: Cleanup): Promise<{ response: ServerResponse; client: ReturnType<typeof connect> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.pause().on('error', () => {});
  atEnd(t, () => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { response, client };
}

async function standsStill(waiting: Promise<void>): Promise<boolean> {
  return Promise.race([waiting.then(() => false), sleep(300, true)]);
}

test('what a download holds does not grow with its length', async (t) => {
  const { response, client } = await connected(t);
  client.resume();
  const tally = { bytes: 0, pulled: 0 };
  const out = new Outflow(response, tally);
  const piece = Buffer.alloc(1024);
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await out.write(piece);
      await out.whileHere(Promise.resolve());
      // Now and then the client's turn.
      if (i % 100 === 0) await new Promise(setImmediate);
    }
  };
  await send(2000);
  const before = heapUsed();
  await send(50_000);
  assert.equal(tally.bytes, 52_000 * 1024);
  const growth = heapUsed() - before;
  assert.ok(growth < 3_000_000, `50,000 writes left ${growth} bytes behind`);
});

test('a client that stands still holds one piece, and one that leaves meanwhile ends the wait', async (t) => {
  const { response, client } = await connected(t);
  const out = new Outflow(response, { bytes: 0, pulled: 0 });
  const piece = Buffer.alloc(out.piece);
  let waiting: Promise<void> | undefined;
  // Buffers of the kernel grow under way: what waits a moment later still waits for the client.
  for (let i = 0; waiting === undefined || !(await standsStill(waiting)); i++) {
    assert.ok(i < 2000, 'the kernel takes more than 64 MB of a client that reads nothing');
    waiting = out.write(piece);
  }
  assert.ok(response.writableLength <= piece.length + 1024, `${response.writableLength} bytes wait in our memory`);
  client.destroy();
  await assert.rejects(within(waiting, 'the end of the wait'), ClientLeft);
  assert.throws(() => out.write(piece), ClientLeft);
});
