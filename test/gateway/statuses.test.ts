import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { assertWhole, scene } from '../support/scene.js';

for (const [status, more] of [
  [301, { Location: 'https://elsewhere.example/a?b#c' }],
  [302, { Location: '/local' }],
  [303, { Location: 'other' }],
  [307, { Location: 'http://\u00e9.example/\u00ff' }],
  [308, { Location: '//x' }],
  [300, {}],
  [400, {}],
  [403, { 'X-Reason': 'no' }],
  [404, { 'Cache-Control': 'max-age=5' }],
  [410, {}],
  [418, {}],
  [429, { 'Retry-After': '7' }],
  [451, { Link: '<https://x.example/>; rel="blocked-by"' }],
] as const) {
  test(`the base's ${status} is passed on${'Location' in more ? ', with its Location as it is' : ''}`, async (t) => {
    const s = await scene(t);
    s.origin.file('/a', { body: '', status, message: 'from the base', headers: { ...more, ETag: '"e"', 'Content-Language': 'de' } });
    const get = await s.get('/a');
    assert.equal(get.status, status);
    for (const [name, value] of Object.entries(more)) assert.equal(get.headers.get(name), value);
    // A text of ours: nothing of the header is about it.
    assert.deepEqual([get.headers.has('ETag'), get.headers.has('Content-Language'), get.complete], [false, false, true]);
    assert.deepEqual([s.origin.count('HEAD'), s.origin.count('GET')], [1, 0]);
  });
}

test('Location of another status than 3xx would be a word to our own web server: it is not passed', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: '', status: 404, headers: { Location: '/etc/passwd' } });
  s.origin.file('/b', { body: 'x', headers: { Location: '/etc/passwd' } });
  for (const path of ['/a', '/b']) assert.equal((await s.get(path)).headers.has('Location'), false);
  await s.idle();
});

for (const [status, headers] of [
  [401, { 'WWW-Authenticate': 'Basic realm="x"' }],
  [401, {}],
  [407, { 'Proxy-Authenticate': 'Basic' }],
  [200, { 'WWW-Authenticate': 'Negotiate' }],
  [404, { 'WWW-Authenticate': 'Basic' }],
] as const) {
  test(`${status} with ${JSON.stringify(headers)} is 403 for a client: it is never asked for a password`, async (t) => {
    const s = await scene(t);
    s.origin.file('/a', { body: 'secret', status, headers });
    const result = await s.get('/a');
    assert.equal(result.status, 403);
    for (const name of ['WWW-Authenticate', 'Proxy-Authenticate']) assert.equal(result.headers.has(name), false);
    assert.doesNotMatch(result.body.toString(), /secret/);
    assert.equal(s.origin.count('GET'), 0);
  });
}

for (const status of [404, 410]) {
  for (const method of ['GET', 'HEAD']) {
    test(`${status} to a ${method} removes what the cache has of the URL, and nothing else`, async (t) => {
      const s = await scene(t);
      const body = s.pattern('/a', 1000);
      const other = s.pattern('/b', 1000);
      for (const path of ['/a', '/b']) await s.get(path);
      await s.idle();
      s.origin.replace('/a', { status });
      assert.equal((await s.get('/a', { method })).status, status);
      assert.deepEqual([s.names('/a'), s.kinds('/b')], [[], ['body', 'head']]);
      await s.origin.refuse();
      assert.equal((await s.get('/a')).status, 502);
      assertWhole(await s.get('/b'), other);
      await s.origin.accept();
      s.origin.replace('/a', { status: 200 });
      assertWhole(await s.get('/a'), body);
      await s.idle();
    });
  }
}

test('another status removes nothing', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 1000);
  await s.get('/a');
  await s.idle();
  for (const status of [302, 403, 429]) {
    s.origin.replace('/a', { status });
    assert.equal((await s.get('/a')).status, status);
  }
  s.origin.replace('/a', { status: 200 });
  assertWhole(await s.get('/a'), body);
  assert.equal(s.origin.count('GET'), 1);
});

test('the file is gone while it is pulled: who follows gets all of it, and it doesn\'t stay', async (t) => {
  const { Gate } = await import('../support/origin.js');
  const s = await scene(t);
  const gate = new Gate(1000);
  const body = s.pattern('/a', 2_000_000, { hold: gate });
  const client = await s.start('/a');
  await client.waitForBody(1000);
  s.origin.remove('/a');
  assert.equal((await s.get('/a')).status, 404);
  gate.release();
  assertWhole(await client.done, body);
  await s.idle();
  assert.ok(!s.kinds('/a').includes('body'), s.names('/a').join(' '));
});

for (const status of [405, 501]) {
  test(`a base that answers HEAD with ${status} is asked with GET instead`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 3_000_000, { head: { status } });
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal((await s.head('/a')).headers.get('Content-Length'), '3000000');
  });
}

test('HEAD is answered from the base\'s header, without a GET; a HEAD and a GET have one header', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 1000, { headers: { 'X-Custom': '1', 'Cache-Control': 'max-age=60' } });
  const head = await s.head('/a');
  assert.deepEqual([head.status, head.length, s.origin.count('GET')], [200, 0, 0]);
  const get = await s.get('/a');
  const lasting = (lines: readonly string[]) => lines.filter((line) => !/^(?:Date|Age|Cache-Status):/.test(line));
  assert.deepEqual(lasting(head.lines), lasting(get.lines));
  await s.idle();
});
