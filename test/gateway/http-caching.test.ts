// RFC 9111 and RFC 9211 as a client sees them: what is asked of the base, and what an answer says of its way.
import { strict as assert } from 'node:assert';
import { type Answer, onEachFront, onEachHost, type Stage } from '../support/front.js';
import { etagOf } from '../support/origin.js';
import { parseList } from '../support/structured.js';

const BODY = { seed: 51, size: 2000 };
const ETAG = etagOf(BODY);
const FRESH = { OFFLOAD_FRESH: '1h' };
const at = (time: number) => new Date(time).toUTCString();

/** The parameters of our member, the last one; the grammar and the types are RFC 9211's. */
function trace(answer: Answer): Record<string, unknown> {
  const member = parseList(answer.headers.get('Cache-Status') ?? '').at(-1);
  assert.equal(member?.name, 'offload', answer.lines.join('\n'));
  const parameters = Object.fromEntries(member?.parameters ?? []);
  const TYPES: Record<string, string> = { hit: 'boolean', fwd: 'string', 'fwd-status': 'number', stored: 'boolean', collapsed: 'boolean', detail: 'string' };
  for (const [name, value] of Object.entries(parameters)) assert.equal(typeof value, TYPES[name], name);
  assert.ok(parameters['hit'] === undefined || parameters['fwd'] === undefined, 'hit and fwd exclude each other');
  if (parameters['fwd'] !== undefined) assert.match(String(parameters['fwd']), /^(?:bypass|method|uri-miss|vary-miss|miss|request|stale|partial)$/);
  return parameters;
}

async function heads(stage: Stage, path: string, headers: Record<string, string> = {}): Promise<readonly [asked: number, answer: Answer]> {
  const before = stage.origin.count('HEAD', path);
  const answer = await stage.ask(path, { headers });
  return [stage.origin.count('HEAD', path) - before, answer];
}

onEachFront('every answer says how it came about: Via and Cache-Status', async ({ origin, ask, warm }) => {
  origin.file('/a', { body: BODY });
  origin.file('/moved', { body: '', status: 301, headers: { Location: '/a' } });
  origin.file('/own', { body: BODY, headers: { 'Cache-Control': 'private' } });
  origin.file('/ill', { body: '', status: 500 });
  const asked = [
    ['/a', 200, { fwd: 'uri-miss', 'fwd-status': 200 }, { method: 'HEAD' }],
    ['/a', 504, { detail: 'only-if-cached' }, { headers: { 'Cache-Control': 'only-if-cached' } }],
    ['/a', 200, { fwd: 'uri-miss', 'fwd-status': 200, stored: true }, {}],
    ['/a', 200, { hit: true, detail: 'validated' }, {}],
    ['/a', 200, { hit: true, detail: 'validated' }, { method: 'HEAD' }],
    ['/a', 304, { hit: true, detail: 'validated' }, { headers: { 'If-None-Match': ETAG } }],
    ['/a', 206, { hit: true, detail: 'validated' }, { headers: { Range: 'bytes=0-1' } }],
    ['/a', 416, { hit: true, detail: 'validated' }, { headers: { Range: 'bytes=2000-' } }],
    ['/a', 412, { hit: true, detail: 'validated' }, { headers: { 'If-Match': '"x"' } }],
    ['/b', 404, { fwd: 'miss', 'fwd-status': 404 }, {}],
    ['/moved', 301, { fwd: 'miss', 'fwd-status': 301 }, {}],
    ['/own', 200, { fwd: 'bypass', 'fwd-status': 200, detail: 'uncacheable' }, {}],
    ['/ill', 502, { fwd: 'miss', detail: 'base' }, {}],
    ['/a?x', 403, { detail: 'url' }, {}],
    ['/a', 405, { detail: 'method' }, { method: 'POST' }],
    ['/a', 508, { detail: 'loop' }, { headers: { Via: '1.1 offload' } }],
    ['/robots.txt', 200, { detail: 'robots' }, {}],
  ] as const;
  for (const [path, status, expected, request] of asked) {
    const answer = 'stored' in expected ? await warm(path) : await ask(path, request);
    assert.equal(answer.status, status, `${path} ${JSON.stringify(request)}`);
    assert.deepEqual(trace(answer), expected, `${path} ${JSON.stringify(request)}`);
    assert.match(answer.headers.get('Via') ?? '', /^1\.1 offload$/);
  }
});

onEachFront('HEAD has the header of GET, Content-Length included (RFC 9110 §9.3.2)', async ({ origin, ask, warm }) => {
  const headers = { 'Content-Type': 'text/x', 'Content-Disposition': 'attachment', 'X-Own': 'y', 'Content-Language': 'de' };
  origin.file('/a', { body: BODY, headers });
  origin.file('/own', { body: BODY, headers: { ...headers, 'Cache-Control': 'no-store' } });
  origin.file('/moved', { body: '', status: 307, headers: { Location: '/a' } });
  await warm('/a');
  for (const [path, more] of [['/a', {}], ['/a', { 'If-Match': '"x"' }], ['/a', { 'If-None-Match': ETAG }], ['/own', {}], ['/moved', {}], ['/none', {}], ['/a?q', {}]] as const) {
    const get = await ask(path, { headers: more });
    const head = await ask(path, { method: 'HEAD', headers: more });
    const lines = (answer: Answer) => answer.lines.filter((line) => !/^Date:/i.test(line));
    assert.deepEqual(lines(head), lines(get), path);
    assert.equal(head.length, 0);
    if (get.status !== 304) assert.equal(head.headers.get('Content-Length'), String(get.length));
  }
});

onEachHost('Date is the base’s, Age what it said and what has passed since; without either, 0 and now', async ({ origin, ask }) => {
  const date = at(Date.now() - 100_000);
  origin.file('/old', { body: BODY, headers: { Date: date, Age: '95' } });
  origin.file('/new', { body: BODY, headers: { Date: null } });
  const old = await ask('/old');
  assert.equal(old.headers.get('Date'), date);
  assert.match(old.headers.get('Age') ?? '', /^(?:9[5-9]|10\d)$/);
  const fresh = await ask('/new');
  assert.ok(Math.abs(Date.parse(fresh.headers.get('Date') ?? '') - Date.now()) < 60_000);
  assert.match(fresh.headers.get('Age') ?? '', /^\d$/);
});

onEachHost('an answer that is passed on keeps the base’s Date and Age', async ({ origin, ask }) => {
  const own = { Date: at(Date.now() - 100_000), Age: '95', 'Cache-Control': 'private, max-age=100' };
  origin.file('/own', { body: BODY, headers: own });
  origin.file('/none', { body: '', status: 404, headers: own });
  for (const path of ['/own', '/none']) {
    const { headers } = await ask(path);
    assert.deepEqual([headers.get('Date'), headers.get('Age'), headers.get('Cache-Control')], [own.Date, '95', own['Cache-Control']], path);
  }
});

onEachHost('the caches before us stay in Via and Cache-Status (RFC 9211 §2)', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, lines: ['Via: 1.1 edge', 'Cache-Status: edge; hit; ttl=5', 'Cache-Status: "the shield"; fwd=stale'] });
  for (let i = 0; i < 2; i++) {
    const answer = await ask('/a');
    assert.equal(answer.headers.get('Via'), '1.1 edge, 1.1 offload');
    assert.deepEqual(parseList(answer.headers.get('Cache-Status') ?? '').map(({ name }) => name), ['edge', '"the shield"', 'offload']);
  }
});

onEachHost('within OffloadFresh the base is not asked', async (stage) => {
  stage.origin.file('/a', { body: BODY });
  await stage.warm('/a');
  const [asked, answer] = await heads(stage, '/a');
  assert.equal(asked, 0);
  assert.deepEqual(trace(answer), { hit: true, detail: 'fresh' });
  assert.deepEqual([answer.status, answer.length], [200, BODY.size]);
}, FRESH);

onEachHost('a client makes us ask: no-cache, Pragma, max-age, min-fresh (RFC 9111 §5.2.1)', async (stage) => {
  stage.origin.file('/a', { body: BODY, headers: { Age: '10' } });
  await stage.warm('/a');
  const forcing = [{ 'Cache-Control': 'no-cache' }, { Pragma: 'no-cache' }, { 'Cache-Control': 'max-age=0' }, { 'Cache-Control': 'max-age=9' }, { 'Cache-Control': 'min-fresh=3600' }];
  for (const headers of forcing as Record<string, string>[]) {
    const [asked, answer] = await heads(stage, '/a', headers);
    assert.equal(asked, 1, JSON.stringify(headers));
    assert.deepEqual(trace(answer), { fwd: 'request', 'fwd-status': 200, detail: 'validated' });
  }
  const quiet = [{}, { 'Cache-Control': 'max-age=3000' }, { 'Cache-Control': 'min-fresh=60' }, { 'Cache-Control': 'max-stale' }, { 'Cache-Control': 'no-store' }, { 'Cache-Control': 'only-if-cached' }, { Pragma: 'no-cache', 'Cache-Control': 'max-age=3000' }];
  for (const headers of quiet as Record<string, string>[]) {
    const [asked, answer] = await heads(stage, '/a', headers);
    assert.equal(asked, 0, JSON.stringify(headers));
    assert.deepEqual(trace(answer), { hit: true, detail: 'fresh' });
  }
  assert.equal(stage.origin.count('GET', '/a'), 1);
}, FRESH);

onEachHost('a client’s no-cache finds what changed within OffloadFresh', async (stage) => {
  stage.origin.file('/a', { body: BODY });
  await stage.warm('/a');
  const changed = { seed: 52, size: 2100 };
  stage.origin.file('/a', { body: changed });
  assert.equal((await stage.ask('/a')).length, BODY.size);
  const answer = await stage.ask('/a', { headers: { 'Cache-Control': 'no-cache' } });
  assert.equal(answer.length, changed.size);
  assert.deepEqual(trace(answer), { fwd: 'request', 'fwd-status': 200, stored: true });
  assert.equal((await stage.ask('/a')).length, changed.size);
}, FRESH);

onEachHost('the base may shorten OffloadFresh, by no-cache, max-age, s-maxage or Expires', async (stage) => {
  const shortening = [
    { 'Cache-Control': 'no-cache' },
    { 'Cache-Control': 'max-age=0' },
    { 'Cache-Control': 'max-age=60, s-maxage=0' },
    { 'Cache-Control': 'max-age=60', Age: '60' },
    { 'Cache-Control': 'max-age=soon' },
    { Expires: '0' },
    { Expires: at(0) },
  ];
  for (const [i, headers] of shortening.entries()) {
    stage.origin.file(`/${i}`, { body: BODY, headers });
    await stage.warm(`/${i}`);
    const [asked, answer] = await heads(stage, `/${i}`);
    assert.equal(asked, 1, JSON.stringify(headers));
    assert.deepEqual(trace(answer), { hit: true, detail: 'validated' });
  }
  for (const [i, headers] of [{ 'Cache-Control': 'max-age=60' }, { 'Cache-Control': 'max-age=0, s-maxage=60' }, { Expires: at(Date.now() + 60_000) }].entries()) {
    stage.origin.file(`/long${i}`, { body: BODY, headers });
    await stage.warm(`/long${i}`);
    assert.equal((await heads(stage, `/long${i}`))[0], 0, JSON.stringify(headers));
  }
}, FRESH);

onEachHost('a confirmation brings a new Date, from which Expires counts', async (stage) => {
  const now = Date.now();
  const said = (date: number) => ({ Expires: at(now + 600_000), Date: at(date) });
  stage.origin.file('/a', { body: BODY, headers: said(now) });
  await stage.warm('/a');
  assert.equal((await heads(stage, '/a'))[0], 0);
  // By the base's clock, Expires has come.
  stage.origin.replace('/a', { headers: said(now + 600_000) });
  await stage.ask('/a', { headers: { 'Cache-Control': 'no-cache' } });
  const [asked, answer] = await heads(stage, '/a');
  assert.equal(asked, 1);
  assert.equal(answer.headers.get('Date'), at(now + 600_000));
}, FRESH);

onEachHost('only-if-cached: 504 without asking the base, until it is here', async ({ origin, ask, warm }) => {
  origin.file('/a', { body: BODY });
  const only = { headers: { 'Cache-Control': 'only-if-cached' } };
  for (const request of [only, { ...only, method: 'HEAD' }]) assert.equal((await ask('/a', request)).status, 504);
  assert.equal(origin.count(), 0);
  await warm('/a');
  assert.deepEqual(trace(await ask('/a', only)), { hit: true, detail: 'validated' });
  const changed = { seed: 53, size: 100 };
  origin.file('/a', { body: changed });
  assert.equal((await ask('/a', only)).status, 504);
  assert.equal(origin.count('GET', '/a'), 1);
});

onEachHost('while the base fails, what is here is sent, unless the base forbids it (RFC 9111 §4.2.4)', async ({ origin, ask, warm }) => {
  const rules = [
    [200, {}],
    [200, { 'Cache-Control': 'max-age=0' }],
    [502, { 'Cache-Control': 'must-revalidate' }],
    [502, { 'Cache-Control': 'proxy-revalidate' }],
    [502, { 'Cache-Control': 's-maxage=0' }],
    [502, { 'Cache-Control': 'no-cache' }],
    // Not stale yet, by the base's own word.
    [200, { 'Cache-Control': 'max-age=600, must-revalidate' }],
  ] as const;
  for (const [i, [, headers]] of rules.entries()) {
    origin.file(`/${i}`, { body: BODY, headers });
    await warm(`/${i}`);
    origin.replace(`/${i}`, { status: 503 });
  }
  for (const [i, [status, headers]] of rules.entries()) {
    const answer = await ask(`/${i}`);
    assert.equal(answer.status, status, JSON.stringify(headers));
    if (status === 200) assert.deepEqual(trace(answer), { hit: true, detail: 'stale' });
  }
  await origin.refuse();
  for (const headers of [{}, { 'Cache-Control': 'no-cache' }, { 'Cache-Control': 'only-if-cached' }] as Record<string, string>[]) {
    assert.deepEqual(trace(await ask('/0', { headers })), { hit: true, detail: 'stale' });
  }
  assert.equal((await ask('/2', { headers: { 'Cache-Control': 'only-if-cached' } })).status, 504);
});

onEachHost('fields about the connection, the base’s host or our web server stay behind; others pass (RFC 9110 §7.6.1)', async ({ origin, ask }) => {
  const dropped = {
    Connection: 'X-Hop, close',
    'X-Hop': '1',
    'Keep-Alive': 'timeout=5',
    'Proxy-Authenticate': 'Basic',
    Upgrade: 'h2c',
    TE: 'trailers',
    'Alt-Svc': 'h3=":443"',
    'Strict-Transport-Security': 'max-age=1',
    Status: '500 No',
    'X-Sendfile': '/etc/passwd',
    'X-Accel-Redirect': '/etc/passwd',
    'X-LIGHTTPD-send-file': '/etc/passwd',
    'X-LiteSpeed-Location': '/etc/passwd',
    'X-Reproxy-URL': 'http://127.0.0.1/',
  };
  const passed = { 'X-Custom': 'y', 'Content-Disposition': 'attachment', 'Content-Language': 'de', Link: '</x>; rel=y', 'Cache-Control': 'max-age=5' };
  origin.file('/a', { body: BODY, headers: { ...dropped, ...passed } });
  for (let i = 0; i < 2; i++) {
    const { headers, lines } = await ask('/a');
    for (const [name, value] of Object.entries(passed)) assert.equal(headers.get(name), value, name);
    const text = lines.filter((line) => !/^(?:Status: 200|Connection: (?:close|keep-alive)$)/i.test(line)).join('\n');
    for (const [name, value] of Object.entries(dropped)) assert.ok(!text.includes(`${name}: ${value}`), `${name} in ${text}`);
  }
});

onEachHost('what a shared cache must not store is not stored (RFC 9111 §3)', async ({ origin, ask }) => {
  const unstorable = [
    { 'Cache-Control': 'no-store' },
    { 'Cache-Control': 'PRIVATE' },
    { 'Cache-Control': 'max-age=5, private="X-Y"' },
    { 'Set-Cookie': 'a=b' },
    { Vary: '*' },
    { Vary: 'Accept-Encoding, Cookie' },
    { 'Content-Encoding': 'gzip' },
  ];
  for (const [i, headers] of unstorable.entries()) {
    origin.file(`/${i}`, { body: BODY, headers });
    for (let n = 1; n <= 2; n++) {
      const answer = await ask(`/${i}`);
      assert.deepEqual([answer.status, answer.length, answer.complete], [200, BODY.size, true]);
      assert.equal(origin.count('GET', `/${i}`), n, JSON.stringify(headers));
    }
  }
});
