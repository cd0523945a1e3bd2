import { strict as assert } from 'node:assert';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { offloadCgi } from '../support/build.js';
import { runCgi } from '../support/cgi.js';
import { scene } from '../support/scene.js';

for (const [what, settings, reason] of [
  ['no base', { OFFLOAD_BASE: '' }, /OffloadBase: not set; write OffloadBase/],
  ['a base without a scheme', { OFFLOAD_BASE: 'www.example.org' }, /OFFLOAD_BASE=www\.example\.org: no scheme; write https:\/\/www\.example\.org/],
  ['a bad duration', { OFFLOAD_TIMEOUT: 'soon' }, /OFFLOAD_TIMEOUT=soon: not a duration; write/],
  ['a relative cache directory', { OFFLOAD_CACHE_DIR: 'cache' }, /OFFLOAD_CACHE_DIR=cache: not an absolute path/],
  ['a bad proxy', { OFFLOAD_TRUSTED_PROXY: '10.0.0.0/99' }, /OFFLOAD_TRUSTED_PROXY=.*not an IP address or CIDR block/],
  ['a file that is not there', { OFFLOAD_CONF: '/no/such/file' }, /\/no\/such\/file: cannot be read by uid \d+ \(ENOENT\); let it, or name another file in OFFLOAD_CONF/],
] as const) {
  test(`${what}: a short 500 for the client, the full reason in the error log`, async (t) => {
    const s = await scene(t);
    s.pattern('/a', 100);
    for (const nph of [false, true]) {
      const result = await s.get('/a', { settings, nph });
      assert.equal(result.status, 500);
      assert.ok(result.complete && result.length < 200, result.body.toString());
      assert.doesNotMatch(result.body.toString(), /OFFLOAD|Offload|example\.org/);
      assert.match(result.stderr, reason);
      assert.match(result.stderr, /^offload\[\d+\]: /);
    }
    assert.equal(s.origin.count(), 0);
  });
}

test('offload.conf beside the script is read; a bad line is named with file and number, all at once', async (t) => {
  const s = await scene(t);
  const script = join(s.dir, 'offload.cgi');
  copyFileSync(await offloadCgi(), script);
  s.origin.file('/a', { body: 'hello' });
  const conf = join(s.dir, 'offload.conf');
  writeFileSync(conf, `# ours\nOffloadBase ${s.origin.url}\nOffloadCacheDir "${s.cacheDir}"\nOffloadKeepFree 0\n`);
  assert.equal((await runCgi({ script, url: '/a' })).body.toString(), 'hello');
  await s.idle();
  writeFileSync(conf, `OffloadBase ${s.origin.url}\nOffloadTimout 5s\n\nOffloadFresh tomorrow\n`);
  const { status, stderr } = await runCgi({ script, url: '/a' });
  assert.equal(status, 500);
  assert.match(stderr, /offload\.conf:2: OffloadTimout: unknown directive; did you mean OffloadTimeout\?/);
  assert.match(stderr, /offload\.conf:4: OffloadFresh tomorrow: not a duration/);
});

test('with OffloadDebug each decision is in the error log; without it a hit writes nothing', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 100);
  assert.equal((await s.get('/a')).stderr, '');
  await s.idle();
  assert.equal((await s.get('/a')).stderr, '');
  assert.match((await s.get('/a', { settings: { OFFLOAD_DEBUG: 'on' } })).stderr, /offload\[\d+\]: GET \/a: base answers 200: version\n/);
});

test('a URL cannot write lines or escapes into the log', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_DEBUG: 'on' } });
  const { stderr } = await s.get('/a\u009b31m\u00ff', {});
  assert.match(stderr, /\/a\\x9b31m\\xff/);
  assert.doesNotMatch(stderr, /[^\x20-\x7e\n]/);
});

test('copied alone into an empty directory the script works, as any user', { skip: process.geteuid?.() === 0 ? false : 'only root can run a script as another user' }, async (t) => {
  const s = await scene(t);
  const script = join(s.dir, 'offload.cgi');
  copyFileSync(await offloadCgi(), script);
  s.origin.file('/a', { body: 'hello' });
  const user = { uid: 65_534, gid: 65_534 };
  const { mkdirSync, chownSync } = await import('node:fs');
  mkdirSync(s.cacheDir);
  chownSync(s.cacheDir, user.uid, user.gid);
  const result = await runCgi({ script, url: '/a', user, settings: s.settings });
  assert.equal(result.body.toString(), 'hello');
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});
