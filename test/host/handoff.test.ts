// When an object is named to the web server, and when this program must send it itself.
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CgiRequest, CgiResult } from '../support/cgi.js';
import { fetchRaw } from '../support/client.js';
import { Gate, startOrigin, type Behaviour } from '../support/origin.js';
import { tempDir } from '../support/place.js';
import { type Scene, scene } from '../support/scene.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

const SIZE = 100_000;
const TYPE = { 'Content-Type': 'application/zip' };

async function warm(t: TestContext, behaviour: Behaviour = {}, cacheDir?: string): Promise<Scene> {
  const s = await scene(t, cacheDir === undefined ? {} : { cacheDir });
  s.pattern('/a.zip', SIZE, { ...behaviour, headers: { ...TYPE, ...behaviour.headers } });
  await s.get('/a.zip');
  await s.idle();
  return s;
}

function ask(s: Scene, handoff: string, request: Partial<CgiRequest> = {}): Promise<CgiResult> {
  return s.get('/a.zip', { ...request, settings: { OFFLOAD_HANDOFF: handoff, ...request.settings } });
}

/** Every field that speaks to a web server. */
function words(result: CgiResult): string[] {
  return result.headers.list.filter(([name]) => /^(?:x-(?:sendfile|accel|litespeed|offload)|location)/i.test(name)).map(([name]) => name);
}

function assertSentByItself(result: CgiResult, why: string): void {
  assert.deepEqual([result.status, words(result), result.length], [200, [], SIZE], why);
}

test('each way names the object in its own field, and sends no body', async (t) => {
  const s = await warm(t);
  const relative = s.file('/a.zip', 'body').slice(s.cacheDir.length);
  const cases = [
    ['x-sendfile', '', 'X-Sendfile', s.cacheDir + relative],
    ['X-Accel-Redirect /.o/', 'nginx/1.22.1', 'X-Accel-Redirect', `/.o${relative}`],
    ['x-litespeed-location /.o', 'LiteSpeed', 'X-LiteSpeed-Location', `/.o${relative}`],
    ['local-redirect /.o', 'Apache/2.4.71', 'Location', `/.o${relative}`],
  ] as const;
  for (const [handoff, SERVER_SOFTWARE, name, value] of cases) {
    const result = await ask(s, handoff, { env: { SERVER_SOFTWARE, ap_trust_cgilike_cl: '1' } });
    assert.deepEqual([result.headers.get(name), result.length, result.exitCode], [value, 0, 0], result.stderr);
    assert.equal(result.headers.has('Content-Length'), false);
    // RFC 3875 §6.2.2: with a status a local redirect is none.
    assert.equal(result.headers.has('Status'), !/location/i.test(name), handoff);
    assert.match(value, /^[\w/.,~-]+$/, 'a character that a server might decode');
  }
});

test('it sends the file itself where the server, or the setting, would make something else of it', async (t) => {
  const s = await warm(t);
  const apache = { SERVER_SOFTWARE: 'Apache/2.4.71', ap_trust_cgilike_cl: '1' };
  assertSentByItself(await ask(s, 'none'), 'none');
  assertSentByItself(await ask(s, 'local-redirect /.o', { env: { SERVER_SOFTWARE: 'lighttpd/1.4.69' } }), 'a server that would send the redirect to the client');
  assertSentByItself(await ask(s, 'x-litespeed-location /.o', { env: apache }), 'not LiteSpeed');
  assertSentByItself(await ask(s, 'x-sendfile', { nph: true }), 'nobody reads the header of an NPH script');
  assertSentByItself(await ask(s, 'x-sendfile', { settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' } }), 'downloads could not be counted');
  assertSentByItself(await ask(s, 'x-sendfile', { env: { REDIRECT_STATUS: '404' } }), 'an ErrorDocument');
  assertSentByItself(await ask(s, 'x-litespeed-location /.o', { env: { SERVER_SOFTWARE: 'LiteSpeed' }, headers: { 'If-None-Match': '"x"' } }), 'condition');
  assert.ok(!existsSync(join(s.cacheDir, 'handed')));
});

test('after a hand-over that failed it sends what Apache does not have yet: the file and what describes it', async (t) => {
  const s = await warm(t, { headers: { 'X-Once': '1' } });
  const env = { REDIRECT_OFFLOAD_SECOND_TRY: '1', SERVER_SOFTWARE: 'Apache/2.4.71', ap_trust_cgilike_cl: '1' };
  const result = await ask(s, 'x-sendfile', { env });
  assertSentByItself(result, 'second try');
  const names = result.headers.list.map(([name]) => name.toLowerCase()).sort();
  assert.deepEqual(names, ['content-length', 'content-type', 'etag', 'last-modified', 'status']);
});

test('it sends the file itself if a field of the base would be lost, or made up, on the way', async (t) => {
  const nginx = 'x-accel-redirect /.o';
  const odd = await warm(t, { headers: { 'X-Odd': '1' } });
  assertSentByItself(await ask(odd, nginx), 'a field that nginx is not told to add');
  assert.deepEqual(words(await ask(odd, `${nginx} x-odd`)), ['X-Accel-Redirect'], 'one that it is told to add');
  assert.deepEqual(words(await ask(odd, 'x-sendfile')), ['X-Sendfile']);
  for (const behaviour of [{ headers: { 'Content-Type': null } }, { etag: null }, { lastModified: null }, { etag: '"a"b"' }]) {
    const s = await scene(t);
    s.pattern('/a.zip', SIZE, { ...behaviour, headers: { ...TYPE, ...behaviour.headers } });
    await s.get('/a.zip');
    await s.idle();
    assertSentByItself(await ask(s, 'x-sendfile'), JSON.stringify(behaviour));
  }
});

test('a cache directory that one server would decode and another not is not named', async (t) => {
  const s = await warm(t, {}, join(tempDir(t), 'a b%20'));
  assertSentByItself(await ask(s, 'x-sendfile'), s.cacheDir);
  assert.deepEqual(words(await ask(s, 'x-accel-redirect /.o')), ['X-Accel-Redirect'], 'its URL has nothing of it');
});

test('a file that still arrives is sent by this program', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  s.pattern('/a.zip', SIZE, { headers: TYPE, hold: gate });
  const running = await s.start('/a.zip', { settings: { OFFLOAD_HANDOFF: 'x-sendfile' } });
  await running.waitForBody(1000);
  gate.release();
  assertSentByItself(await running.done, 'cold');
  await s.idle();
});

test('serve names an object only to a proxy that it trusts, and that does not ask for the bytes', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a.zip', { body: { seed: 1, size: SIZE }, headers: TYPE });
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0', OFFLOAD_HANDOFF: 'x-sendfile' };
  const open = await startServe(t, settings);
  const trusting = await startServe(t, { ...settings, OFFLOAD_TRUSTED_PROXY: '127.0.0.0/8' });
  const get = (to: number, headers = {}) => fetchRaw({ to, path: '/a.zip', headers });
  for (const { port, dir } of [open, trusting]) {
    await get(port);
    await waitUntil(async () => (await get(port)).headers.get('Cache-Status')?.includes('hit'), { what: `a hit in ${dir}` });
  }
  const own = await get(open.port);
  assert.deepEqual([own.length, own.headers.has('X-Sendfile')], [SIZE, false]);
  const handed = await get(trusting.port);
  assert.deepEqual([handed.status, handed.length, handed.headers.get('Content-Length')], [200, 0, '0']);
  assert.match(handed.headers.get('X-Sendfile') ?? '', /\.body\.zip$/);
  const again = await get(trusting.port, { 'X-Offload-Handoff': 'none' });
  assert.deepEqual([again.length, again.headers.has('X-Sendfile')], [SIZE, false]);
});

