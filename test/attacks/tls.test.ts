// A base over https is asked only if it proves to be OffloadBase.
import { strict as assert } from 'node:assert';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { FRONTS } from '../support/front.js';
import { startOrigin } from '../support/origin.js';
import { atEnd, type Cleanup, freePort } from '../support/place.js';
import { assertWhole, scene } from '../support/scene.js';
import { makeAuthority, startTls } from '../support/tls.js';
import { fetchRaw } from '../support/client.js';
import { startServe } from '../support/servers/serve.js';

const BASE = 'https://www.base.example';

/** A port that speaks no TLS. */
async function plainText(t: Cleanup): Promise<{ port: number }> {
  const port = await freePort();
  const server = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  return { port };
}

for (const [what, start, reason] of [
  ['of another name', (t, to) => startTls(t, 'other.example', to, { by: makeAuthority(t) }), /altnames|unable to (?:verify|get)/],
  ['that has expired', (t, to) => startTls(t, 'www.base.example', to, { by: makeAuthority(t), days: -1 }), /expired|unable to (?:verify|get)/],
  ['of an authority that nobody trusts', (t, to) => startTls(t, 'www.base.example', to, { by: makeAuthority(t) }), /unable to (?:verify|get)/],
  ['signed by itself', (t, to) => startTls(t, 'www.base.example', to), /self-signed certificate/],
  ['that is none, but plain HTTP', (t) => plainText(t), /wrong version number|packet length|SSL/i],
] as const satisfies readonly (readonly [string, (t: Cleanup, to: number) => Promise<{ port: number }>, RegExp])[]) {
  test(`a certificate ${what}: 502, the log says why, and the base is not asked`, async (t) => {
    const origin = await startOrigin(t);
    origin.file('/a', { body: 'secret' });
    const { port } = await start(t, origin.port);
    for (const front of FRONTS) {
      const offload = await front.open(t, origin, { OFFLOAD_BASE: BASE, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${port}` });
      const answer = await offload.ask('/a');
      assert.equal(answer.status, 502, front.name);
      assert.doesNotMatch(answer.body.toString(), /secret|certificate|SSL/i);
      assert.match(offload.log(), reason);
      assert.match(offload.log(), /base https:\/\/www\.base\.example: HEAD failed/);
    }
    assert.equal(origin.count(), 0);
  });
}

// Trusting the authority shows that the name and the date alone are reason enough.
test('with a trusted authority: the right name is asked, with SNI by OffloadBase; a wrong name, and an expired one, are not', async (t) => {
  const s = await scene(t);
  const by = makeAuthority(t);
  const body = s.pattern('/a', 200_000);
  const right = await startTls(t, 'www.base.example', s.origin.port, { by });
  const ask = (port: number, base = BASE) =>
    s.get('/a', { settings: { OFFLOAD_BASE: base, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${port}` }, env: { NODE_EXTRA_CA_CERTS: by.cert } });
  assertWhole(await ask(right.port), body);
  await s.idle();
  assert.deepEqual([...new Set(right.names)], ['www.base.example']);
  const asked = s.origin.count();
  const other = await startTls(t, 'other.example', s.origin.port, { by });
  const refused = await ask(other.port, 'https://www2.base.example');
  assert.equal(refused.status, 502);
  assert.match(refused.stderr, /Host: www2\.base\.example\. is not in the cert's altnames/);
  const expired = await startTls(t, 'www3.base.example', s.origin.port, { by, days: -1 });
  const old = await ask(expired.port, 'https://www3.base.example');
  assert.equal(old.status, 502);
  assert.match(old.stderr, /certificate has expired/);
  assert.equal(s.origin.count(), asked);
});

test('the check cannot be switched off by NODE_TLS_REJECT_UNAUTHORIZED', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: 'secret' });
  const { port } = await startTls(t, 'www.base.example', s.origin.port);
  const result = await s.get('/a', { settings: { OFFLOAD_BASE: BASE, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${port}` }, env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  assert.deepEqual([result.status, s.origin.count()], [502, 0]);
});

test('a base by address needs a certificate for that address, and gets no SNI', async (t) => {
  const s = await scene(t);
  const by = makeAuthority(t);
  s.origin.file('/a', { body: 'hello' });
  const env = { NODE_EXTRA_CA_CERTS: by.cert };
  const right = await startTls(t, 'x', s.origin.port, { by, subject: 'IP:127.0.0.1' });
  assert.equal((await s.get('/a', { settings: { OFFLOAD_BASE: `https://127.0.0.1:${right.port}` }, env })).body.toString(), 'hello');
  await s.idle();
  assert.ok(right.names.every((name) => name === false || name === null), String(right.names));
  const wrong = await startTls(t, 'x', s.origin.port, { by, subject: 'IP:127.0.0.2,DNS:127.0.0.1' });
  assert.equal((await s.get('/a', { settings: { OFFLOAD_BASE: `https://127.0.0.1:${wrong.port}` }, env })).status, 502);
});

test('the built-in server keeps connections over TLS, too, and no answer is another question\'s', async (t) => {
  const origin = await startOrigin(t);
  const by = makeAuthority(t);
  const base = await startTls(t, 'www.base.example', origin.port, { by });
  const settings = { OFFLOAD_BASE: BASE, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${base.port}`, OFFLOAD_KEEP_FREE: '0', NODE_EXTRA_CA_CERTS: by.cert };
  const server = await startServe(t, settings);
  const lengths = Array.from({ length: 30 }, (_, i) => 100 + i);
  for (const length of lengths) origin.file(`/${length}`, { body: 'x'.repeat(length) });
  const asked = async (length: number) => (await fetchRaw({ to: server.port, path: `/${length}`, method: 'HEAD' })).headers.get('Content-Length');
  for (const length of lengths) assert.equal(await asked(length), String(length));
  assert.equal(base.names.length, 1, 'one connection');
  assert.deepEqual(await Promise.all(lengths.map(asked)), lengths.map(String));
  assert.equal(server.errorLog().includes('failed'), false, server.errorLog());
});

test('the built-in server holds to it for every connection', async (t) => {
  const origin = await startOrigin(t);
  const by = makeAuthority(t);
  origin.file('/a', { body: 'hello' });
  const right = await startTls(t, 'www.base.example', origin.port, { by });
  const settings = { OFFLOAD_BASE: BASE, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${right.port}`, OFFLOAD_KEEP_FREE: '0' };
  const trusting = await startServe(t, { ...settings, NODE_EXTRA_CA_CERTS: by.cert });
  assert.equal((await fetchRaw({ to: trusting.port, path: '/a' })).body.toString(), 'hello');
  const other = await startServe(t, settings);
  for (let i = 0; i < 2; i++) assert.equal((await fetchRaw({ to: other.port, path: '/a' })).status, 502);
});
