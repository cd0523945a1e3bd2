// Settings, environment and logs.
import { strict as assert } from 'node:assert';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { offloadCgi } from '../support/build.js';
import { runCgi } from '../support/cgi.js';
import { fetchRaw } from '../support/client.js';
import { onEachFront } from '../support/front.js';
import { Gate, startOrigin } from '../support/origin.js';
import { assertWhole, scene } from '../support/scene.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';
import { check } from '../rules/commands.js';

const EVIL_HEADERS = {
  'NODE-OPTIONS': '--require=/nowhere/evil.js',
  'Node_Options': '--inspect-brk',
  PROXY: 'http://127.0.0.1:9/',
  'LD-PRELOAD': '/nowhere/evil.so',
  'LD_LIBRARY_PATH': '/nowhere',
  PATH: '/nowhere',
  'OFFLOAD-BASE': 'http://127.0.0.1:9/',
  'OFFLOAD_CONF': '/etc/passwd',
  'OFFLOAD-FILL-JOB': '{}',
  'Redirect-Offload-Base': 'http://127.0.0.1:9/',
  'Content_Length': '5',
};

test('Apache: fields named like variables of Node, the loader or our settings change nothing', { skip: lacking('apache2') }, async (t) => {
  const [setup] = SETUPS;
  assert.ok(setup !== undefined);
  const origin = await startOrigin(t);
  const dir = serverDir(t);
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0' };
  const server = await setup.start(t, await offloadCgi(), settings, dir);
  for (const [i, [name, value]] of Object.entries(EVIL_HEADERS).entries()) {
    origin.file(`/${i}`, { body: `file ${i}` });
    for (const path of [`/${i}`, `/${i}`]) {
      const answer = await fetchRaw({ to: server.port, path, headers: { [name]: value } });
      assert.deepEqual([answer.status, answer.body.toString()], [200, `file ${i}`], `${name}: ${server.errorLog()}`);
    }
    for (const { headers } of origin.requests) assert.ok(!JSON.stringify(headers.list).includes('nowhere'));
  }
  // The query of a script without `=` becomes its command line (RFC 3875 §4.4).
  for (const query of ['--require+/nowhere/evil.js', '--inspect', '-e+process.exit()', '--version']) {
    assert.equal((await fetchRaw({ to: server.port, path: `/0?${query}` })).status, 403);
  }
  assert.doesNotMatch(server.errorLog(), /evil|fault|Debugger/);
});

test('the process that fills has nothing of the request in its environment, its command line or its name', async (t) => {
  const s = await scene(t);
  const gate = new Gate(1000);
  const body = s.pattern('/a', 100_000, { hold: gate });
  const secrets = { Cookie: 'session=s3cret', Authorization: 'Basic s3cret', 'X-Secret': 's3cret' };
  const client = await s.start('/a', { headers: secrets, env: { LD_LIBRARY_PATH: '/s3cret', SECRET: 's3cret' } });
  await client.waitForBody(1000);
  const pid = await s.filler();
  for (const file of ['environ', 'cmdline', 'comm']) assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'latin1').includes('s3cret'), file);
  gate.release();
  assertWhole(await client.done, body);
  await s.idle();
});

/** What somebody who can write one line into offload.conf might try; none of it may do more than be refused. */
const EVIL_LINES = [
  'OffloadBase http://127.0.0.1:9/\r\nX-Injected: 1',
  'OffloadBase "http://127.0.0.1:9\tX: y"',
  'OffloadBase http://user:pass@127.0.0.1:9/',
  'OffloadBase file:///etc/passwd',
  'OffloadBase http://127.0.0.1:9/%0d%0aX:1',
  'OffloadBase http://127.0.0.1:99999/',
  'OffloadBase \u0000http://127.0.0.1:9/',
  'OffloadCacheDir /',
  'OffloadCacheDir /tmp/../../..',
  'OffloadCacheDir ../../x',
  'OffloadCacheDir /dev/null',
  'OffloadTimeout 999999999999d',
  'OffloadTimeout -1s',
  'OffloadKeepFree -5%',
  'OffloadMaxDupeDownloads 1e99',
  'OffloadTrustedProxy 0.0.0.0/-1',
  '__proto__ x',
  'constructor x',
  'OffloadBase __proto__',
  `Offload${'x'.repeat(1_000_000)} y`,
  `OffloadTimeout ${'9'.repeat(1_000_000)}`,
  '\\\n'.repeat(100_000),
  '\x1b]0;owned\x07 OffloadBase',
];

test('a hostile offload.conf is refused, or is one that any operator could have written; the client learns nothing of it', async (t) => {
  const s = await scene(t);
  const script = join(s.dir, 'offload.cgi');
  copyFileSync(await offloadCgi(), script);
  s.origin.file('/a', { body: 'hello' });
  for (const line of EVIL_LINES) {
    writeFileSync(join(s.dir, 'offload.conf'), `OffloadBase ${s.origin.url}\nOffloadCacheDir ${s.cacheDir}\nOffloadKeepFree 0\n${line}\n`);
    const result = await runCgi({ script, url: '/a' });
    const shown = JSON.stringify(line.slice(0, 60));
    assert.ok([200, 500, 502].includes(result.status), `${shown}: ${result.status}`);
    assert.ok(result.length < 200);
    assert.doesNotMatch(result.body.toString(), /Offload|127\.0\.0\.1|\/tmp|conf/, shown);
    assert.doesNotMatch(result.stderr, /[^\x20-\x7e\n]|fault/, shown);
    assert.ok(result.stderr.length < 2000, `${shown}: ${result.stderr.length} characters in the log`);
  }
  await s.idle();
  assert.ok(s.origin.requests.every(({ headers }) => headers.get('Host') === s.origin.authority && !headers.has('X-Injected')));
});

const EVIL_TEXT = '\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\u00ff';

onEachFront('terminal escapes and line breaks of a client or a base do not get into the log', async ({ front, origin, ask, log }) => {
  const hidden = EVIL_TEXT.replace('\x00', '');
  if (front !== 'serve') await ask(`/a${hidden.replaceAll(/[\x00-\x20\x7f]/g, '')}`, { headers: { 'User-Agent': hidden, Referer: `x\noffload[1]: forged` } });
  await ask(`/b\u009b31m\u00ff`);
  origin.file('/c', { body: 'x', rawHead: `HTTP/1.1 200 ${hidden}\r\nX: ${hidden}\r\nbad line ${hidden}\r\n\r\n` });
  await ask('/c');
  origin.file('/d', { body: 'x'.repeat(100), etag: '"\x9b31m"', headers: { Vary: '\x9b31m', 'Content-Encoding': '\x9b2J' }, cutAfter: 5 });
  await ask('/d');
  assert.doesNotMatch(log(), /[^\x20-\x7e\n]|^offload\[1\]: forged/m);
  assert.match(log(), /\\x9b|HEAD failed/);
}, { OFFLOAD_DEBUG: 'on' });

test('what a base says does not write escapes onto the terminal of whoever checks it', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a', { body: '', status: 307, headers: { Location: `http://127.0.0.1:9/\x9b2J${EVIL_TEXT.replaceAll(/[\x00-\x1f]/g, '')}` } });
  const { out, err } = await check(['--big', `${origin.url}/a`, '-'], 'OffloadEngine On\nOffloadHost a.example\n');
  assert.match(out, /127\.0\.0\.1:9/);
  assert.doesNotMatch(out + err, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

onEachFront('a coded body is not decoded, and not kept: we have asked for none', async ({ origin, ask }) => {
  // A bomb is the client's to open, if it wants to.
  for (const [i, coding] of ['gzip', 'br', 'deflate, gzip', 'x-bomb'].entries()) {
    origin.file(`/${i}`, { body: 'coded bytes', headers: { 'Content-Encoding': coding } });
    for (let round = 0; round < 2; round++) {
      const answer = await ask(`/${i}`, { headers: { 'Accept-Encoding': 'gzip, br' } });
      assert.deepEqual([answer.status, answer.body.toString(), answer.headers.get('Content-Encoding')], [200, 'coded bytes', coding]);
    }
    assert.equal(origin.count('GET', `/${i}`), 2);
  }
  assert.ok(origin.requests.every(({ headers }) => headers.get('Accept-Encoding') === 'identity'));
});
