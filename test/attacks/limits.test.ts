// Many of everything at once: what we use stays bounded, and whoever can't be served is told so.
import { strict as assert } from 'node:assert';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { offloadCgi, offloadCommand } from '../support/build.js';
import { exchange, fetchRaw } from '../support/client.js';
import { Gate, startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { atEnd, freePort } from '../support/place.js';
import { assertCut, assertWhole, checks, scene } from '../support/scene.js';
import { launch, serverDir } from '../support/servers/server.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

const onlyRoot = { skip: process.geteuid?.() === 0 ? false : 'only root can run a script as another user' };

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
/** Resident memory in MB. */
const memory = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;

test('1,000 clients of one cold file at the built-in server: one GET, each gets all of it', async (t) => {
  const origin = await startOrigin(t);
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  const body = { seed: 5, size: 300_000 };
  const gate = new Gate(100_000);
  origin.file('/a', { body, hold: gate });
  const clients = Array.from({ length: 1000 }, () => exchange({ to: server.port, path: '/a', check: checks(body) }));
  await Promise.all(clients.map((client) => client.waitForBody(100_000, 180_000)));
  assert.ok(memory(server.pid) < 300, `${memory(server.pid)} MB`);
  gate.release();
  const answers = await Promise.all(clients.map((client) => client.done));
  assert.ok(answers.every(({ status, complete, length }) => status === 200 && complete && length === body.size));
  assert.equal(origin.count('GET'), 1);
  await origin.refuse();
  await waitUntil(() => descriptors(server.pid) < 40, { what: () => `the server's descriptors to be closed: ${descriptors(server.pid)}` });
});

test('10,000 different URLs leave no trace in memory, nor in the cache what the base does not have', async (t) => {
  let asked = 0;
  const base = createHttpServer((_, response) => {
    asked++;
    response.writeHead(404, { 'Content-Length': '0' }).end();
  }).listen(await freePort(), '127.0.0.1');
  await once(base, 'listening');
  atEnd(t, () => base.close());
  const server = await startServe(t, { OFFLOAD_BASE: `http://127.0.0.1:${(base.address() as AddressInfo).port}` });
  const ask = async (client: number, count: number) => {
    const socket = connect(server.port, '127.0.0.1').setEncoding('latin1');
    for (let i = 0; i < count; i++) {
      socket.write(`GET /${client}/${i}-${'x'.repeat(500)} HTTP/1.1\r\nHost: x\r\n\r\n`);
      let answer = '';
      while (!answer.endsWith('There is no such file.\n')) answer += ((await once(socket, 'data')) as [string])[0];
      assert.match(answer, /^HTTP\/1\.1 404 /);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: 20 }, (_, client) => ask(client, 100)));
  const before = memory(server.pid);
  await Promise.all(Array.from({ length: 20 }, (_, client) => ask(20 + client, 400)));
  assert.ok(memory(server.pid) < before + 60, `${before} MB before, ${memory(server.pid)} after`);
  assert.equal(asked, 10_000);
  assert.deepEqual(readdirSync(join(server.dir, 'cache')), ['CACHEDIR.TAG']);
});

test('more requests than descriptors allow: 503 with Retry-After for those, the others are served; then all are', async (t) => {
  const origin = await startOrigin(t);
  const dir = serverDir(t);
  const command = await offloadCommand();
  const server = await launch(t, {
    dir,
    env: { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0' },
    command: (port) => ['/bin/sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath, command, 'serve', '--listen', `127.0.0.1:${port}`],
  });
  const body = { seed: 5, size: 300_000 };
  const gate = new Gate(100_000);
  origin.file('/a', { body, hold: gate });
  const clients = Array.from({ length: 90 }, () => exchange({ to: server.port, path: '/a' }));
  const heads = await Promise.all(clients.map((client) => client.head));
  const busy = heads.filter(({ status }) => status === 503);
  assert.equal(busy.length, 90 - 48);
  assert.ok(busy.every(({ headers }) => headers.get('Retry-After') === '10' && headers.get('Connection') === 'close'));
  assert.ok(descriptors(server.pid) < 256);
  gate.release();
  const answers = await Promise.all(clients.map((client) => client.done));
  assert.equal(answers.filter(({ status, complete, sha256 }) => status === 200 && complete && sha256 === patternHash(body)).length, 48);
  // Many more connections that send nothing are not even taken; one that asks is served when they are gone.
  const idle = Array.from({ length: 400 }, () => connect(server.port, '127.0.0.1').on('error', () => undefined));
  await waitUntil(() => idle.filter((socket) => socket.destroyed || socket.readableEnded).length >= 300, { what: 'connections to be closed' });
  assert.ok(descriptors(server.pid) < 256);
  for (const socket of idle) socket.destroy();
  await waitUntil(async () => (await fetchRaw({ to: server.port, path: '/a' }).catch(() => undefined))?.status === 200);
  assert.equal(origin.count('GET'), 1);
  assert.doesNotMatch(server.errorLog(), /EMFILE|fault/);
});

test('clients that send their header byte by byte, or not at all, hold nobody up', async (t) => {
  const origin = await startOrigin(t);
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  origin.file('/a', { body: 'hello' });
  const slow = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1').on('error', () => undefined));
  atEnd(t, () => slow.forEach((socket) => socket.destroy()));
  for (const [i, socket] of slow.entries()) if (i % 2 === 0) socket.write('GET /a HT');
  // The server gives them 30 s for their header.
  assert.equal((await fetchRaw({ to: server.port, path: '/a', timeout: 25_000 })).body.toString(), 'hello');
  for (const byte of 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n') slow[1]?.write(byte);
  const [answer] = (await once(slow[1]!, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
});

test('a base that sends its header byte by byte is waited for no longer than OffloadTimeout, however it dribbles', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_TIMEOUT: '700ms' } });
  const port = await freePort();
  const base = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      const timer = setInterval(() => socket.write('x'), 50);
      socket.once('close', () => clearInterval(timer));
    });
  }).listen(port, '127.0.0.1');
  await once(base, 'listening');
  atEnd(t, () => base.close());
  const result = await s.get('/a', { settings: { OFFLOAD_BASE: `http://127.0.0.1:${port}` } });
  assert.equal(result.status, 504, result.stderr);
});

test('200 scripts at once on one cold file: one GET, each gets all of it', async (t) => {
  // The base is in this process, which a slow machine lets wait.
  const s = await scene(t, { settings: { OFFLOAD_TIMEOUT: '3m' } });
  const gate = new Gate(50_000);
  const body = s.pattern('/a', 1_000_000, { hold: gate });
  const running = await Promise.all(Array.from({ length: 200 }, () => s.start('/a', { check: checks(body) })));
  await Promise.all(running.map((client) => client.waitForBody(50_000, 180_000)));
  gate.release();
  for (const client of running) assertWhole(await client.done, body);
  await s.idle();
  assert.equal(s.origin.count('GET'), 1);
});

test('a script that may open only a few files: all of the file, a visible end, or 503; never a broken answer', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 100_000);
  assertWhole(await s.get('/a'), body);
  await s.idle();
  const seen = new Set<number>();
  for (let most = 19; most < 30; most++) {
    const script = await offloadCgi();
    for (const url of ['/a', '/b']) {
      if (url === '/b') s.pattern(`/b${most}`, 100_000, {}, 7);
      const path = url === '/b' ? `/b${most}` : url;
      const result = await s.get(path, { script: '/bin/sh', args: ['-c', `ulimit -n ${most}; exec ${script}`] }).catch((error: Error) => error);
      // Node itself doesn't start with fewer; Debian 13's then crashes without a word.
      if (result instanceof Error) {
        assert.match(result.message, /EMFILE|Too many open files|uv_loop_init|node::|SIGSEGV; stdout ""; stderr: $/, `${most} files`);
        continue;
      }
      seen.add(result.status);
      if (result.status === 503) assert.equal(result.headers.get('Retry-After'), '10');
      else if (result.length < body.size) assertCut(result, path === '/a' ? body : { seed: 7, size: 100_000 });
      else assertWhole(result, path === '/a' ? body : { seed: 7, size: 100_000 });
      assert.doesNotMatch(result.body.toString('latin1'), /at .*offload\.cgi/);
    }
  }
  await s.idle();
  assert.ok(seen.has(200), [...seen].join());
});

test('neither the base nor the file in the cache can be had: one 502, and an end', onlyRoot, async (t) => {
  const s = await scene(t);
  const user = { uid: 65_534, gid: 65_534 };
  mkdirSync(s.cacheDir);
  chownSync(s.cacheDir, user.uid, user.gid);
  const body = s.pattern('/a', 1000);
  assertWhole(await s.get('/a', { user }), body);
  await s.idle();
  chmodSync(s.file('/a', 'body'), 0);
  await s.origin.refuse();
  const result = await s.get('/a', { user });
  assert.equal(result.status, 502);
  assert.ok(result.stderr.split('\n').length < 5, result.stderr);
});
