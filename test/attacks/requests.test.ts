// What a client writes into its request: none of it reaches the base but the path, none of it another client.
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isCodeFile } from '../../src/cache/layout.js';
import { onConnection, onEachFront, onEachHost } from '../support/front.js';
import { startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { assertWhole, scene } from '../support/scene.js';

const BODY = { seed: 9, size: 5000 };

onEachFront('a line break in a field of the request adds no line to any message', async ({ front, origin, ask }) => {
  origin.file('/a', { body: BODY });
  // A web server would not hand such a field on; a careless one might.
  if (front === 'serve') return;
  const evil = 'x\r\nX-Injected: 1\r\n\r\nGET /b HTTP/1.1';
  for (const name of ['Range', 'If-Range', 'If-None-Match', 'If-Match', 'If-Modified-Since', 'Host', 'Cache-Control', 'Via', 'Forwarded', 'X-Forwarded-For', 'User-Agent']) {
    const answer = await ask('/a', { headers: { [name]: evil } });
    assert.equal(answer.headers.has('X-Injected'), false, name);
    assert.ok([200, 412].includes(answer.status), `${name}: ${answer.status}`);
  }
  for (const request of origin.requests) {
    assert.equal(request.path, '/a');
    assert.equal(request.headers.has('X-Injected'), false);
  }
});

onEachFront('a line break, a blank or a control character in the URL asks the base nothing', async ({ front, origin, ask }) => {
  // node:http refuses such a request line by itself.
  if (front === 'serve') return;
  for (const path of ['/a HTTP/1.1\r\nX: y', '/a\r\nX: y', '/a\nX: y', '/a\tb', '/a\x01', '/a\x7f', '/a b']) {
    assert.equal((await ask(path)).status, 400, JSON.stringify(path));
  }
  assert.equal(origin.count(), 0);
});

onEachFront('a percent-encoded line break stays percent-encoded', async ({ origin, ask }) => {
  const path = '/a%0d%0aX-Injected:%201%0D%0A%0D%0A%00';
  origin.file(path, { body: BODY });
  const answer = await ask(path);
  assert.deepEqual([answer.status, answer.sha256, answer.headers.has('X-Injected')], [200, patternHash(BODY), false]);
  assert.ok(origin.requests.every((request) => request.path === path));
});

/** Headers by which a base, or who can write there, would inject lines or speak to the web server. */
const EVIL_FIELDS = {
  'X-Sendfile': '/etc/passwd',
  'X-Accel-Redirect': '/etc/passwd',
  'X-LIGHTTPD-send-file': '/etc/passwd',
  'X-LiteSpeed-Location': '/etc/passwd',
  Status: '500 x',
  Location: '/etc/passwd',
  'Transfer-Encoding-X': 'chunked',
  Trailer: 'X-Late',
  Upgrade: 'h2c',
  'Proxy-Connection': 'keep-alive',
  'Set-Cookie2': 'a=b',
};

onEachFront('a base does not speak to our web server, nor to one client\'s connection', async ({ origin, warm, ask }) => {
  origin.file('/a', { body: BODY, headers: EVIL_FIELDS });
  for (const answer of [await warm('/a'), await ask('/a'), await ask('/a', { method: 'HEAD' }), await ask('/a', { headers: { Range: 'bytes=0-9' } })]) {
    assert.ok(answer.status === 200 || answer.status === 206);
    for (const name of Object.keys(EVIL_FIELDS)) {
      if (name !== 'Transfer-Encoding-X' && !(name === 'Status' && answer.headers.get(name)?.startsWith(String(answer.status)))) {
        assert.equal(answer.headers.has(name), false, `${name}: ${answer.headers.get(name)}`);
      }
    }
  }
});

onEachFront('a lone line feed or carriage return in a base\'s field is no line of the answer', async ({ origin, ask }) => {
  for (const [i, [name, value]] of ([['ETag', '"a\nX-Injected: 1"'], ['ETag', '"a\rX-Injected: 1"'], ['Content-Type', 'text/x\rX-Injected: 1'], ['Location', '/b\rX-Injected: 1']] as const).entries()) {
    const path = `/${i}`;
    origin.file(path, { body: BODY, status: name === 'Location' ? 302 : 200, ...(name === 'ETag' ? { etag: null } : {}), lines: [`${name}: ${value}`] });
    const answer = await ask(path);
    assert.ok(answer.complete);
    for (const line of answer.lines) assert.doesNotMatch(line, /[\r\n]|^X-Injected/, `${name}: ${answer.status}`);
  }
});

// SSRF: whatever a client writes, exactly one server is asked.
const ELSEWHERE = ['//elsewhere.test/a', '/\\elsewhere.test/a', '/@elsewhere.test/a', '/a@elsewhere.test', '/http://elsewhere.test/a', '/%2f%2felsewhere.test/a', '/;@elsewhere.test:80/a', '/..//elsewhere.test'];

onEachFront('a URL that looks like another server\'s is a path of the base', async ({ origin, ask }) => {
  const other = origin.authority.replace('127.0.0.1', 'localhost');
  for (const path of ELSEWHERE) {
    origin.file(path, { body: BODY });
    const answer = await ask(path);
    assert.deepEqual([answer.status, answer.sha256], [200, patternHash(BODY)], path);
  }
  assert.deepEqual([...new Set(origin.requests.map(({ path }) => path))], ELSEWHERE);
  assert.ok(origin.requests.every(({ headers }) => headers.get('Host') === origin.authority && other !== ''));
});

onEachHost('fields that name another server change neither the server asked nor what it is asked', async ({ origin, ask }, t) => {
  const other = await startOrigin(t);
  other.fallback = () => ({ body: 'wrong server' });
  origin.file('/a', { body: BODY });
  const names = ['Host', 'X-Forwarded-Host', 'X-Forwarded-Server', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-Original-URL', 'X-Rewrite-URL', 'X-Host', 'Forwarded', 'X-HTTP-Method-Override', 'Referer', 'Proxy', 'Destination'];
  for (const name of names) {
    const value = name === 'Forwarded' ? `host=${other.authority};for=${other.authority}` : name.endsWith('URL') ? '/secret' : other.authority;
    const answer = await ask('/a', { headers: { [name]: value } });
    assert.deepEqual([answer.status, answer.sha256], [200, patternHash(BODY)], name);
    for (const [, text] of answer.headers.list) assert.ok(!text.includes(other.authority), `${name} is in the answer`);
  }
  assert.equal(other.count(), 0);
  const seen = new Set(origin.requests.map(({ path, headers }) => `${path} ${headers.get('Host')}`));
  assert.deepEqual([...seen], [`/a ${origin.authority}`]);
});

onEachHost('a redirect of the base is the client\'s to follow, wherever it leads', async ({ origin, ask }, t) => {
  const other = await startOrigin(t);
  for (const place of [other.url, 'file:///etc/passwd', 'http://169.254.169.254/', '/b']) {
    origin.file('/a', { body: '', status: 302, headers: { Location: place } });
    assert.deepEqual([(await ask('/a')).status, other.count(), origin.count(undefined, '/b')], [302, 0, 0]);
  }
});

// Cache poisoning: what one client gets must not depend on what another has sent.
onEachHost('no field of one client changes what the next one gets', async ({ origin, warm, ask }) => {
  origin.file('/a', { body: BODY, headers: { 'Content-Type': 'text/x' } });
  const marks = ['Host', 'X-Forwarded-Host', 'X-Forwarded-Scheme', 'Accept-Language', 'Accept-Encoding', 'Accept', 'Cookie', 'Authorization', 'Origin', 'Referer', 'User-Agent', 'Content-Type', 'TE'];
  await warm('/a');
  const clean = await ask('/a');
  for (const name of marks) {
    origin.file(`/${name}`, { body: BODY, headers: { 'Content-Type': 'text/x' } });
    await ask(`/${name}`, { headers: { [name]: 'poison.test' } });
    const next = await ask(`/${name}`);
    assert.deepEqual([next.status, next.sha256], [200, patternHash(BODY)]);
    assert.ok(!next.lines.join('\n').includes('poison'), name);
    assert.deepEqual(next.headers.list.map(([field]) => field).sort(), clean.headers.list.map(([field]) => field).sort(), name);
  }
});

onEachHost('URLs that are nearly the same are different files', async ({ origin, warm, ask }) => {
  const paths = ['/a/b', '//a/b', '/a//b', '/A/b', '/a/B', '/a%2fb', '/a%2Fb', '/a/b/', '/a/./b', '/a/x/../b', '/a/b;', '/a/b.', '/a/b%20', '/%61/b', '/a,b', '/a_2cb', '/a_2fb', '/a~b', '/_2e', '/.', '/..', '/..%2f'];
  // One ETag, date and length for all: only the URL tells them apart.
  const bodyOf = (i: number) => ({ seed: 100 + i, size: 4000 });
  for (const [i, path] of paths.entries()) origin.file(path, { body: bodyOf(i), etag: '"same"' });
  for (const path of paths) await warm(path);
  for (const [i, path] of paths.entries()) assert.equal((await ask(path)).sha256, patternHash(bodyOf(i)), path);
  assert.equal(origin.count('GET'), paths.length);
});

test('long URLs whose place is named by a hash: a record of another URL there is none of this one', async (t) => {
  const s = await scene(t);
  const [one, two] = [`/${'a'.repeat(500)}1`, `/${'a'.repeat(500)}2`];
  const bodies = [one, two].map((path, i) => s.pattern(path, 1000, { etag: '"same"' }, 200 + i));
  assertWhole(await s.get(one), bodies[0]!);
  await s.idle();
  // As if the hashes of the two collided: what lies there for one is found under the other's name.
  const { mkdirSync, cpSync, dirname } = { ...(await import('node:fs')), ...(await import('node:path')) };
  mkdirSync(dirname(s.place(two).directory), { recursive: true });
  cpSync(s.place(one).directory, s.place(two).directory, { recursive: true });
  await s.origin.refuse();
  assert.equal((await s.get(two)).status, 502, 'a stale body of another URL was sent');
});

test('paths, ETags and dates that name a place on disk lead nowhere but into the cache', async (t) => {
  const s = await scene(t);
  const evil = ['../../../../tmp/evil', '/etc/passwd', '..', '.', 'a/../../b', 'x\\..\\y', '%2e%2e%2f', 'CON', '~root', '-rf', '$(id)', '`id`', 'a'.repeat(5000)];
  const before = readdirSync(s.dir).join();
  for (const [i, name] of evil.entries()) {
    s.origin.file(`/etag${i}`, { body: `${i}`, etag: `"${name}"`, lastModified: null });
    assert.equal((await s.get(`/etag${i}`)).body.toString(), `${i}`);
    s.origin.file(`/bare${i}`, { body: `${i}`, etag: name, lastModified: name });
    assert.equal((await s.get(`/bare${i}`)).body.toString(), `${i}`);
    s.origin.file(`/${name}`, { body: `${i}` });
    assert.equal((await s.get(`/${name}`)).body.toString(), `${i}`);
  }
  await s.idle();
  assert.deepEqual(readdirSync(s.cacheDir).filter((name) => !isCodeFile(name)).sort(), ['CACHEDIR.TAG', 'urls']);
  assert.equal(readdirSync(s.dir).sort().join(), [...before.split(',').filter(Boolean), 'cache'].sort().join());
  for (const name of readdirSync(`${s.cacheDir}/urls`, { recursive: true, encoding: 'utf8' })) {
    assert.match(name, /^[\w.,~/-]+$/);
    assert.ok(name.split('/').every((part) => part.length <= 143 && part !== '..'));
  }
});

/** Sends text on one connection, and gives all that comes until it ends. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1').on('error', () => undefined);
  let all = '';
  socket.on('data', (chunk: string) => (all += chunk)).end(text, 'latin1');
  await once(socket, 'close');
  return all;
}

const END = 'Host: x\r\nConnection: close\r\n\r\n';
/** Ways to hide a second request from one of two servers in a row. */
const SMUGGLED = [
  `POST /a HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${END}0\r\n\r\nGET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 44\r\n${END}GET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n${END}GET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nTransfer-Encoding : chunked\r\n${END}0\r\n\r\nGET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nHost: x\r\nX: y\n\nGET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\rX: y\r\n${END}GET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nHost: x\r\n Folded: GET /hidden HTTP/1.1\r\n${END}`,
  `GET /a HTTP/1.1\r\nContent-Length: 39\r\n${END}GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n\r\n`,
];

onConnection('a request hidden in another is not answered, and never asked of the base', async ({ origin, port }) => {
  origin.file('/a', { body: 'visible' });
  origin.file('/hidden', { body: 'secret' });
  for (const text of SMUGGLED) assert.doesNotMatch(await raw(port, text), /secret/, text);
  assert.equal(origin.count(undefined, '/hidden'), 0);
  assert.match(await raw(port, `GET /a HTTP/1.1\r\n${END}`), /visible/);
});
