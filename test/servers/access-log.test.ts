import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gist, waitForLines } from '../access-log/lines.js';
import { offloadCgi } from '../support/build.js';
import { exchange } from '../support/client.js';
import { type Origin, startOrigin } from '../support/origin.js';
import { lacking, serverDir, type WebServer } from '../support/servers/server.js';
import { startServe } from '../support/servers/serve.js';
import { type Environment, SETUPS } from '../support/servers/setups.js';

const SIZE = 60_000_000;

/** One client takes some of a file that is here, and leaves; the log tells how much that was. */
async function leaves(t: TestContext, start: (settings: Environment, dir: string) => Promise<WebServer>, takesAll = false): Promise<void> {
  const origin: Origin = await startOrigin(t);
  origin.file('/film.bin', { body: { seed: 1, size: SIZE } });
  const dir = serverDir(t);
  const log = join(dir, 'access.log');
  const server = await start({ OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0', OFFLOAD_LOG: log }, dir);
  await exchange({ to: server.port, path: '/film.bin' }).done;
  await waitForLines(log, 2);
  const client = exchange({ to: server.port, path: '/film.bin' });
  await client.waitForBody(100_000);
  client.pause();
  client.leave();
  const line = (await waitForLines(log, 3)).at(-1);
  assert.ok(line !== undefined);
  // lighttpd writes what its client doesn't take to a file: it may have had all before the client left.
  if (takesAll && Number(line.bytes) === SIZE) return assert.equal(gist(line), `GET /film.bin 200 ${SIZE} hit all 0`);
  assert.ok(Number(line.bytes) >= 100_000 && Number(line.bytes) < SIZE, JSON.stringify(line));
  assert.equal(gist(line), `GET /film.bin 200 ${line.bytes} hit left 0`);
}

/** Each tells a script in its own way that nobody reads any more. */
const SERVERS = /^(?:Apache mod_cgid?, ScriptAlias$|lighttpd|nginx)/;

for (const setup of SETUPS.filter(({ name }) => SERVERS.test(name))) {
  test(`${setup.name}: of a download that the client leaves, the log has what was sent`, { skip: lacking(...setup.packages) }, async (t) => {
    const script = await offloadCgi({ nph: false });
    await leaves(t, (settings, dir) => setup.start(t, script, settings, dir), setup.name.startsWith('lighttpd'));
  });
}

test('offload serve: of a download that the client leaves, the log has what was sent', async (t) => {
  await leaves(t, (settings) => startServe(t, settings));
});
