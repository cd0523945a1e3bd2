import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { assertWhole, scene } from '../support/scene.js';
import { startTls } from '../support/tls.js';

test('OffloadBaseAddress says where to connect; Host and the cache go by OffloadBase', async (t) => {
  const s = await scene(t);
  const settings = { OFFLOAD_BASE: 'http://www.base.example', OFFLOAD_BASE_ADDRESS: s.origin.authority };
  const body = s.pattern('/a', 100_000);
  assertWhole(await s.get('/a', { settings }), body);
  await s.idle();
  for (const { headers } of s.origin.requests) assert.equal(headers.get('Host'), 'www.base.example');
  assert.deepEqual(s.kinds('/a'), []);
  assertWhole(await s.get('/a', { settings }), body);
  assert.equal(s.origin.count('GET'), 1);
});

test('a base with a port of its own has it in Host', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 100);
  await s.head('/a', { settings: { OFFLOAD_BASE: 'http://www.base.example:8081', OFFLOAD_BASE_ADDRESS: s.origin.authority } });
  assert.equal(s.origin.last('HEAD', '/a').headers.get('Host'), 'www.base.example:8081');
});

test('a base over https: request and fill go by its name, and by its certificate only', async (t) => {
  const s = await scene(t);
  const tls = await startTls(t, 'www.base.example', s.origin.port);
  const settings = { OFFLOAD_BASE: 'https://www.base.example', OFFLOAD_BASE_ADDRESS: `127.0.0.1:${tls.port}` };
  const body = s.pattern('/a', 3_000_000);
  const trusted = { settings, env: { NODE_EXTRA_CA_CERTS: tls.ca } };
  const result = await s.get('/a', trusted);
  assertWhole(result, body);
  await s.idle();
  assert.deepEqual([s.origin.count('HEAD'), s.origin.count('GET')], [1, 1]);
  assert.equal(s.origin.last('GET', '/a').headers.get('Host'), 'www.base.example');
  assert.deepEqual(tls.names, ['www.base.example', 'www.base.example']);

  const stranger = await s.get('/a', { settings: { ...settings, OFFLOAD_STALE_IF_ERROR: '0' } });
  assert.equal(stranger.status, 502);
  assert.match(stranger.stderr, /self-signed certificate/);
  const other = await s.get('/a', { ...trusted, settings: { ...settings, OFFLOAD_BASE: 'https://other.example' } });
  assert.equal(other.status, 502);
  assert.match(other.stderr, /other\.example/);
  assert.equal(s.origin.count(), 2);
});

test('a name that cannot be looked up, and an address where nobody is: 502, and the log says why', async (t) => {
  const s = await scene(t);
  const lost = await s.get('/a', { settings: { OFFLOAD_BASE: 'http://no-such-host.invalid' } });
  assert.equal(lost.status, 502);
  assert.match(lost.stderr, /base http:\/\/no-such-host\.invalid: HEAD failed: getaddrinfo/);
  await s.origin.refuse();
  const refused = await s.get('/a');
  assert.equal(refused.status, 502);
  assert.match(refused.stderr, /ECONNREFUSED/);
});
