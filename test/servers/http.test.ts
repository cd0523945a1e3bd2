// RFC 9110 through real web servers: what they make of a script's status and header, with its Content-Length and without.
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { offloadCgi } from '../support/build.js';
import { fetchRaw, type RawAnswer, type RawRequest } from '../support/client.js';
import { etagOf, LAST_MODIFIED, startOrigin } from '../support/origin.js';
import { patternBytes, patternHash } from '../support/pattern.js';
import { startApache } from '../support/servers/apache.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { install, type Setup, SETUPS } from '../support/servers/setups.js';

const BODY = { seed: 81, size: 70_000 };
const ETAG = etagOf(BODY);
const HEADERS = {
  'Content-Type': 'application/zip',
  'Cache-Control': 'max-age=60',
  Expires: 'Wed, 01 Sep 2027 08:00:00 GMT',
  Vary: 'Accept-Encoding',
  'Content-Location': '/elsewhere',
  Age: '5',
};
const NAMES = new Set([
  'Apache mod_cgid, ScriptAlias',
  'Apache mod_cgid, ScriptAlias, Content-Length not trusted',
  'Apache mod_cgid, nph-offload.cgi',
  'lighttpd, alias.url and cgi.assign',
  'nginx with fcgiwrap',
]);

type Send = (request?: Omit<RawRequest, 'to'>) => Promise<RawAnswer>;
type Step = readonly [behaviour: string, run: (send: Send, keepsLength: boolean, apache: boolean) => Promise<void>];

const get = (headers: Record<string, string>) => ({ path: '/a', headers });

/** All that a representation's header says. */
function assertMetadata({ headers, lines }: RawAnswer): void {
  for (const [name, value] of Object.entries(HEADERS)) {
    if (name === 'Age') assert.ok(Number(headers.get(name)) >= 5);
    else assert.equal(headers.get(name), value, lines.join('\n'));
  }
  assert.deepEqual([headers.get('ETag'), headers.get('Last-Modified')], [ETAG, LAST_MODIFIED]);
  assert.match(headers.get('Cache-Status') ?? '', /^offload; hit; detail=validated$/);
  assert.equal(headers.all('Date').length, 1);
  assert.match(headers.get('Via') ?? '', /^1\.1 offload\b/);
}

function assertLength({ headers, framing, complete, length }: RawAnswer, keepsLength: boolean): void {
  assert.equal(complete, true);
  // Apache that drops our length counts a body itself when all of it, and its end, came at once: then it says the right one.
  const counted = !keepsLength && headers.has('Content-Length');
  assert.equal(headers.get('Content-Length'), keepsLength || counted ? String(length) : undefined);
  assert.equal(framing, keepsLength || counted ? 'length' : 'chunked');
}

const STEPS: readonly Step[] = [
  [
    'GET: the whole header; HEAD: the same, Content-Length included where the server lets it through',
    async (send, keepsLength) => {
      const whole = await send({ path: '/a' });
      assert.deepEqual([whole.status, whole.sha256], [200, patternHash(BODY)]);
      assertMetadata(whole);
      assertLength(whole, keepsLength);
      const head = await send({ path: '/a', method: 'HEAD' });
      assert.deepEqual([head.status, head.length], [200, 0]);
      assertMetadata(head);
      assert.equal(head.headers.get('Content-Length'), keepsLength ? '70000' : undefined);
      const names = (answer: RawAnswer) => answer.headers.list.map(([name]) => name.toLowerCase()).filter((name) => !/^(?:transfer-encoding|content-length)$/.test(name));
      assert.deepEqual(names(head), names(whole));
    },
  ],
  [
    '304: by tag and by date, for GET and HEAD; its fields, no body',
    async (send) => {
      for (const headers of [{ 'If-None-Match': ETAG }, { 'If-None-Match': `"x", W/${ETAG}` }, { 'If-Modified-Since': LAST_MODIFIED }] as Record<string, string>[]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await send({ ...get(headers), method });
          assert.deepEqual([answer.status, answer.length, answer.error], [304, 0, undefined]);
          for (const name of ['Cache-Control', 'Expires', 'Vary', 'Content-Location'] as const) assert.equal(answer.headers.get(name), HEADERS[name], `${name}\n${answer.lines.join('\n')}`);
          assert.deepEqual([answer.headers.get('ETag'), answer.headers.get('Last-Modified')], [ETAG, LAST_MODIFIED]);
          assert.equal(answer.headers.has('Content-Length'), false);
        }
      }
      assert.equal((await send(get({ 'If-None-Match': '"x"', 'If-Modified-Since': LAST_MODIFIED }))).status, 200);
    },
  ],
  [
    '206: one range, and several with the right length',
    async (send, keepsLength) => {
      const one = await send(get({ Range: 'bytes=-100', 'If-Range': ETAG }));
      assert.deepEqual([one.status, one.headers.get('Content-Range')], [206, 'bytes 69900-69999/70000']);
      assert.ok(one.body.equals(patternBytes(BODY.seed, 69_900, 100)));
      assertLength(one, keepsLength);
      assertMetadata(one);
      const several = await send(get({ Range: 'bytes=0-99,60000-60099' }));
      assert.equal(several.status, 206);
      assertLength(several, keepsLength);
      const [, boundary = ''] = /^multipart\/byteranges; boundary=(\S+)$/.exec(several.headers.get('Content-Type') ?? '') ?? [];
      const parts = several.body.toString('latin1').split(`\r\n--${boundary}`);
      assert.deepEqual([parts.length, parts[0], parts[3]], [4, '', '--\r\n']);
      assert.ok(parts[2]?.endsWith(patternBytes(BODY.seed, 60_000, 100).toString('latin1')));
    },
  ],
  [
    '416 and 412 say so, and their bodies are framed right',
    async (send, keepsLength) => {
      const beyond = await send(get({ Range: 'bytes=70000-' }));
      assert.deepEqual([beyond.status, beyond.headers.get('Content-Range')], [416, 'bytes */70000']);
      assertLength(beyond, keepsLength);
      const failed = await send(get({ 'If-Match': '"x"' }));
      assert.equal(failed.status, 412);
      assertLength(failed, keepsLength);
      assert.equal((await send(get({ 'If-Unmodified-Since': 'Tue, 01 Sep 2026 07:59:59 GMT' }))).status, 412);
      const stale = await send(get({ Range: 'bytes=0-1', 'If-Range': '"x"' }));
      assert.deepEqual([stale.status, stale.sha256], [200, patternHash(BODY)]);
    },
  ],
  [
    'a client may speak HTTP/1.0, send a body, say Host twice',
    async (send, _, apache) => {
      const old = await send({ path: '/a', version: 'HTTP/1.0' });
      assert.deepEqual([old.status, old.sha256, old.framing === 'chunked'], [200, patternHash(BODY), false]);
      // lighttpd refuses a body on GET unless told otherwise; two Hosts are what only Apache must refuse here.
      for (const [request, statuses] of [[{ body: 'abc' }, apache ? [200] : [200, 400]], [{ lines: ['Host: elsewhere.test'] }, apache ? [400] : [200, 400]]] as const) {
        const { status, sha256 } = await send({ path: '/a', ...request });
        assert.ok(statuses.some((one) => one === status), `${JSON.stringify(request)}: ${status}`);
        if (status === 200) assert.equal(sha256, patternHash(BODY));
      }
    },
  ],
  [
    'an absolute URL is its path',
    async (send) => {
      const answer = await send({ path: 'http://elsewhere.test/a', headers: { Host: 'elsewhere.test' } });
      assert.deepEqual([answer.status, answer.sha256], [200, patternHash(BODY)]);
    },
  ],
];

function testServer(setup: Setup): void {
  test(setup.name, { skip: lacking(...setup.packages) }, async (t: TestContext) => {
    const origin = await startOrigin(t);
    origin.file('/a', { body: BODY, headers: HEADERS });
    const dir = serverDir(t);
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_TIMEOUT: '5s' };
    const server = await setup.start(t, await offloadCgi(), settings, dir);
    const send: Send = (request = {}) => fetchRaw({ to: server.port, ...request });
    assert.equal((await send({ path: '/a' })).status, 200);
    await origin.waitFor((r) => r.method === 'GET' && r.outcome === 'finished');
    for (const [behaviour, run] of STEPS) await t.test(behaviour, () => run(send, setup.keepsLength, setup.name.startsWith('Apache')));
    assert.equal(origin.count('GET', '/a'), 1, server.errorLog());
  });
}

for (const setup of SETUPS.filter(({ name }) => NAMES.has(name))) testServer(setup);

test('Apache with AllowEncodedSlashes NoDecode: %2F reaches the base as it is', { skip: lacking('apache2') }, async (t) => {
  const origin = await startOrigin(t);
  const dir = serverDir(t);
  const path = install(await offloadCgi(), dir);
  const lines = [`ScriptAlias / ${path}/`, 'AllowEncodedSlashes NoDecode', 'SetEnv ap_trust_cgilike_cl 1', `SetEnv OFFLOAD_BASE ${origin.url}`, `SetEnv OFFLOAD_CACHE_DIR ${dir}/cache`];
  const server = await startApache(t, { dir, config: () => lines.join('\n') });
  for (const url of ['/a%2Fb', '/a%2fb%5C//c', '/x/%2E%2e/y', '/d/../e//f', '/caf%E9']) {
    origin.file(url, { body: BODY });
    const answer = await fetchRaw({ to: server.port, path: url });
    assert.deepEqual([answer.status, answer.sha256], [200, patternHash(BODY)], url);
  }
});
