import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { assertWhole, scene } from '../support/scene.js';

for (const method of ['POST', 'DELETE', 'OPTIONS', 'TRACE', 'get']) {
  test(`${method} is answered with 405 and Allow; the base is not asked`, async (t) => {
    const s = await scene(t);
    s.pattern('/a', 100);
    const result = await s.get('/a', { method, body: 'x=1' });
    assert.deepEqual([result.status, result.headers.get('Allow')], [405, 'GET, HEAD']);
    assert.match(result.body.toString(), /only answers GET and HEAD/);
    assert.equal(s.origin.count(), 0);
  });
}

for (const [url, status] of [
  ['/a?', 403],
  ['/a?x=1', 403],
  ['/?', 403],
  ['/robots.txt?x', 403],
  ['/a?--fill', 403],
  ['/a#part', 400],
  ['a', 400],
  ['*', 400],
  ['', 400],
  ['ftp://base.example/a', 400],
  ['mailto:x', 400],
  ['/a b', 400],
  ['/a\tb', 400],
  ['/a\rb', 400],
  ['/a\nX-Injected: 1', 400],
  ['/a\x7f', 400],
  [`/${'a'.repeat(16_001)}`, 414],
] as const) {
  test(`the URL ${JSON.stringify(url.slice(0, 40))} is answered with ${status}; the base is not asked`, async (t) => {
    const s = await scene(t);
    s.origin.fallback = () => ({ body: 'should not be asked' });
    const result = await s.get(url);
    assert.equal(result.status, status);
    assert.equal(result.headers.has('X-Injected'), false);
    assert.ok(result.complete && result.length > 10, result.body.toString());
    assert.equal(s.origin.count(), 0);
  });
}

test('a refused HEAD has the header of a refused GET, and no body', async (t) => {
  const s = await scene(t);
  const [head, get] = [await s.head('/a?x'), await s.get('/a?x')];
  assert.deepEqual([head.lines, head.length], [get.lines, 0]);
});

test('a URL in absolute form is that of its path, whatever server it names', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 1000);
  assertWhole(await s.get('http://elsewhere.example:81/a'), body);
  s.origin.file('/', { body: 'root' });
  assert.equal((await s.get('https://elsewhere.example')).body.toString(), 'root');
  assert.equal((await s.get('http://elsewhere.example/a?x')).status, 403);
  await s.idle();
});

for (const method of ['GET', 'HEAD']) {
  test(`${method} /robots.txt is answered as the original does, without the base`, async (t) => {
    const s = await scene(t);
    s.origin.file('/robots.txt', { body: 'User-agent: *\nAllow: /\n' });
    const result = await s.get('/robots.txt', { method });
    assert.equal(result.status, 200);
    assert.match(result.headers.get('Content-Type') ?? '', /^text\/plain/);
    assert.equal(result.body.toString(), method === 'HEAD' ? '' : 'User-agent: *\nDisallow: /\n');
    assert.equal(s.origin.count(), 0);
  });
}

for (const [name, value, status] of [
  ['X-Mod-Offload-Bypass', 'true', 508],
  ['X-Mod-Offload-Bypass', '', 508],
  ['Via', '1.1 offload', 508],
  ['Via', '1.0 fred, 1.1 offload (offload/0.1)', 508],
  ['Via', '1.1 varnish', 200],
  ['Via', '1.1 offload.example', 200],
  ['Via', '1.1 p (offload)', 200],
] as const) {
  test(`a request with ${name}: ${value} is ${status === 508 ? 'a loop' : 'none'}`, async (t) => {
    const s = await scene(t);
    s.pattern('/a', 100);
    assert.equal((await s.head('/a', { headers: { [name]: value } })).status, status);
    assert.equal(s.origin.count(), status === 508 ? 0 : 1);
  });
}

test('an offload server that is its own base ends the loop at its second turn', async (t) => {
  const s = await scene(t);
  const asked = s.origin;
  s.pattern('/a', 100);
  await s.head('/a');
  const { headers } = asked.last('HEAD', '/a');
  const again = Object.fromEntries(headers.list.filter(([name]) => name !== 'Connection'));
  assert.equal((await s.head('/a', { headers: again })).status, 508);
});

test('what a client writes into the command line, or into fields named like settings, has no effect', async (t) => {
  const s = await scene(t);
  const other = await scene(t);
  const body = s.pattern('/a', 1000);
  const args = ['--fill', '--base', other.origin.url, '--require=/etc/passwd', '-e', 'process.exit(3)'];
  assertWhole(await s.get('/a', { args }), body);
  const job = JSON.stringify({ path: '/a', settings: {} });
  const headers = { 'Offload-Base': other.origin.url, 'Offload-Fill-Job': job, 'Offload-Conf': '/etc/passwd', 'Node-Options': '--version' };
  assertWhole(await s.get('/a', { headers }), body);
  await s.idle();
  assert.equal(other.origin.count(), 0);
});

test('a Proxy field of a client has no effect, nor has a proxy of the environment', async (t) => {
  const s = await scene(t);
  const trap = await scene(t);
  trap.origin.fallback = () => ({ body: 'trapped' });
  const body = s.pattern('/a', 1000);
  const env = { http_proxy: trap.origin.url, HTTPS_PROXY: trap.origin.url, ALL_PROXY: trap.origin.url };
  assertWhole(await s.get('/a', { headers: { Proxy: trap.origin.url }, env }), body);
  await s.idle();
  assert.deepEqual([s.origin.count('HEAD'), s.origin.count('GET'), trap.origin.count()], [1, 1, 0]);
});

test('HEAD and GET at the base carry our own fields, and nothing of the client\'s', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 1000);
  const headers = {
    Cookie: 'id=1', Authorization: 'Basic eDp5', 'Proxy-Authorization': 'Basic eDp5', Referer: 'http://r/', 'User-Agent': 'curl/8', 'X-Custom': '1',
    'Accept-Language': 'de', 'Accept-Encoding': 'gzip', Accept: 'image/*', 'X-Forwarded-For': '1.2.3.4', Host: 'offload.example', Via: '1.1 proxy',
  };
  assert.equal((await s.get('/a', { headers })).status, 200);
  await s.idle();
  for (const method of ['HEAD', 'GET']) {
    const sent = Object.fromEntries(s.origin.last(method, '/a').headers.list);
    const { 'User-Agent': agent, ...others } = sent;
    assert.match(agent ?? '', /^offload\/\d+\.\d+\.\d+$/);
    assert.deepEqual(others, {
      Host: s.origin.authority,
      Accept: '*/*',
      'Accept-Encoding': 'identity',
      'X-Mod-Offload-Bypass': 'true',
      Via: '1.1 offload',
      Connection: 'close',
    });
  }
});
