import { strict as assert } from 'node:assert';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CgiProcess, CgiRequest } from '../support/cgi.js';
import { Gate } from '../support/origin.js';
import { assertWhole, type Scene, scene } from '../support/scene.js';

const SIZE = 300_000;

/** Downloads that go on until the gate is released. */
async function downloads(s: Scene, requests: readonly Partial<CgiRequest>[]): Promise<CgiProcess[]> {
  const running: CgiProcess[] = [];
  for (const request of requests) {
    const client = await s.start('/a', request);
    assert.equal((await client.head).status, 200, client.stderr);
    running.push(client);
  }
  return running;
}

const from = (address: string, headers: Readonly<Record<string, string>> = {}): Partial<CgiRequest> => ({ headers, env: { REMOTE_ADDR: address } });
type From = Parameters<typeof from>;

test('the third simultaneous download of one URL by one address is refused, and told why and for how long', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '2' } });
  const gate = new Gate(1000);
  const body = s.pattern('/a', SIZE, { hold: gate });
  s.pattern('/b', 100);
  const running = await downloads(s, [from('192.0.2.1'), from('192.0.2.1')]);
  const third = await s.get('/a', from('192.0.2.1'));
  assert.equal(third.status, 429);
  assert.match(third.body.toString(), /Your address already downloads this file 2 times; please wait/);
  assert.match(third.headers.get('Retry-After') ?? '', /^\d+$/);
  // Another URL, another address, and a HEAD are not meant.
  assert.equal((await s.get('/b', from('192.0.2.1'))).status, 200);
  assert.equal((await s.head('/a', from('192.0.2.1'))).status, 200);
  running.push(...(await downloads(s, [from('192.0.2.2'), from('2001:db8::1')])));
  gate.release();
  for (const client of running) assertWhole(await client.done, body);
  // One that has ended counts no more.
  assertWhole(await s.get('/a', from('192.0.2.1')), body);
  await s.idle();
});

test('without a limit there is none', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  s.pattern('/a', SIZE, { hold: gate });
  const running = await downloads(s, Array.from({ length: 5 }, () => from('192.0.2.1')));
  gate.release();
  for (const client of running) await client.done;
  await s.idle();
  assert.ok(!readdirSync(s.cacheDir).includes('slots'));
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`the place of a download that ended by ${signal} is free again`, async (t) => {
    const s = await scene(t, { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' } });
    const gate = new Gate(1000);
    const body = s.pattern('/a', SIZE, { hold: gate });
    // Several times: its leavings must not add up.
    for (let i = 0; i < 3; i++) {
      const [client] = await downloads(s, [from('192.0.2.1')]);
      assert.equal((await s.get('/a', from('192.0.2.1'))).status, 429);
      client?.kill(signal);
      await client?.done;
    }
    gate.release();
    assertWhole(await s.get('/a', from('192.0.2.1')), body);
    await s.idle();
    assert.deepEqual(readdirSync(join(s.cacheDir, 'slots')), []);
  });
}

test('a place whose owner was killed before it could write its name is free again after a minute', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' } });
  const gate = new Gate(1000);
  const body = s.pattern('/a', SIZE, { hold: gate });
  const slots = join(s.cacheDir, 'slots');
  const [client] = await downloads(s, [from('192.0.2.1')]);
  const [name = ''] = readdirSync(slots);
  gate.release();
  await client?.done;
  writeFileSync(join(slots, name), '');
  assert.equal((await s.get('/a', from('192.0.2.1'))).status, 429);
  utimesSync(join(slots, name), Date.now() / 1000 - 70, Date.now() / 1000 - 70);
  assertWhole(await s.get('/a', from('192.0.2.1')), body);
  await s.idle();
});

test('a download that is refused, or fails, gives its place back', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' } });
  s.origin.file('/a', { body: '', status: 403 });
  for (let i = 0; i < 2; i++) assert.equal((await s.get('/a')).status, 403);
  await s.origin.refuse();
  for (let i = 0; i < 2; i++) assert.equal((await s.get('/a')).status, 502);
});

const PROXY = '10.0.0.1';

/** Two requests that come from one client, or not. */
const PAIRS: readonly (readonly [what: string, trusted: string, first: From, second: From, same: boolean])[] = [
  ['an X-Forwarded-For of anybody is not believed', 'none', ['1.1.1.1', { 'X-Forwarded-For': '2.2.2.2' }], ['1.1.1.1', { 'X-Forwarded-For': '3.3.3.3' }], true],
  ['that of a trusted proxy is', '10.0.0.0/8', [PROXY, { 'X-Forwarded-For': '2.2.2.2' }], [PROXY, { 'X-Forwarded-For': '3.3.3.3' }], false],
  ['it is the client\'s own address then', '10.0.0.0/8', [PROXY, { 'X-Forwarded-For': '2.2.2.2' }], ['2.2.2.2', {}], true],
  ['what a client puts in front doesn\'t count', '10.0.0.0/8', [PROXY, { 'X-Forwarded-For': '8.8.8.8, 2.2.2.2' }], [PROXY, { 'X-Forwarded-For': '9.9.9.9, 2.2.2.2' }], true],
  ['trusted proxies behind one another', '10.0.0.0/8 2001:db8::/32', [PROXY, { 'X-Forwarded-For': '2.2.2.2, 2001:db8::5, 10.9.9.9' }], ['2.2.2.2', {}], true],
  ['a proxy that isn\'t trusted is the client', '10.0.0.1', [PROXY, { 'X-Forwarded-For': '2.2.2.2, 10.0.0.2' }], ['10.0.0.2', {}], true],
  ['Forwarded of a trusted proxy', '10.0.0.1', [PROXY, { Forwarded: 'for=2.2.2.2;proto=https;by=10.0.0.1' }], ['2.2.2.2', {}], true],
  ['Forwarded with an IPv6 address and a port', '10.0.0.1', [PROXY, { Forwarded: 'proto=http; For="[2001:DB8::1]:4711"' }], ['2001:db8::1', {}], true],
  ['Forwarded of several proxies', '10.0.0.0/8', [PROXY, { Forwarded: 'for=8.8.8.8, for="2.2.2.2:80", for=10.0.0.7' }], ['2.2.2.2', {}], true],
  ['an unknown or hidden client is its proxy', '10.0.0.1', [PROXY, { Forwarded: 'for=_hidden' }], [PROXY, { Forwarded: 'for=unknown' }], true],
  ['a trusted proxy that says nothing is the client', '10.0.0.1', [PROXY, {}], [PROXY, { 'X-Forwarded-For': '' }], true],
  ['an IPv4 address in IPv6 form is one', 'none', ['::ffff:1.1.1.1', {}], ['1.1.1.1', {}], true],
  ['a Forwarded that a client made up, beside the X-Forwarded-For of the proxy', '10.0.0.1', [PROXY, { Forwarded: 'for=7.7.7.7', 'X-Forwarded-For': '2.2.2.2' }], [PROXY, { Forwarded: 'for=6.6.6.6', 'X-Forwarded-For': '2.2.2.2' }], true],
  ['an X-Forwarded-For that a client made up, beside the Forwarded of the proxy', '10.0.0.1', [PROXY, { 'X-Forwarded-For': '7.7.7.7', Forwarded: 'for=2.2.2.2' }], [PROXY, { 'X-Forwarded-For': '6.6.6.6', Forwarded: 'for=2.2.2.2' }], true],
  ['both of the proxy, saying the same', '10.0.0.1', [PROXY, { 'X-Forwarded-For': '2.2.2.2', Forwarded: 'for=2.2.2.2' }], ['2.2.2.2', {}], true],
];

for (const [what, trusted, first, second, same] of PAIRS) {
  test(`the client's address: ${what}`, async (t) => {
    const s = await scene(t, { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1', OFFLOAD_TRUSTED_PROXY: trusted } });
    const gate = new Gate(1000);
    s.pattern('/a', SIZE, { hold: gate });
    const [client] = await downloads(s, [from(...first)]);
    const other = await s.start('/a', from(...second));
    const { status } = await other.head;
    gate.release();
    await Promise.all([client?.done, other.done]);
    await s.idle();
    assert.equal(status, same ? 429 : 200);
  });
}
