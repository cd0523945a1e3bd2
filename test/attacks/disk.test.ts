// The cache directory, and what else lies beside it.
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { offloadCgi, offloadCommand } from '../support/build.js';
import { fetchRaw } from '../support/client.js';
import { leavePart } from '../support/forge.js';
import { startOrigin } from '../support/origin.js';
import { tempDir } from '../support/place.js';
import { assertWhole, scene } from '../support/scene.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';

const SIZE = 300_000;

/** Whether user nobody can read a file. */
function readableByOthers(path: string): boolean {
  try {
    execFileSync('cat', [path], { uid: 65_534, gid: 65_534, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('another user of the machine can read nothing in the cache, nor write there', { skip: process.geteuid?.() === 0 ? false : 'only root can try it as another user' }, async (t) => {
  const s = await scene(t);
  s.pattern('/a', SIZE);
  await s.get('/a');
  await s.idle();
  for (const kind of ['body', 'head'] as const) assert.equal(readableByOthers(s.file('/a', kind)), false);
  assert.throws(() => execFileSync('touch', [join(s.place('/a').directory, 'x')], { uid: 65_534, gid: 65_534, stdio: 'ignore' }));
  // Not even where the directory itself was opened.
  chmodSync(s.cacheDir, 0o755);
  for (const kind of ['body', 'head'] as const) assert.equal(readableByOthers(s.file('/a', kind)), false);
});

for (const [what, link, content] of [
  ['symbolic', symlinkSync, ''],
  ['hard', linkSync, 'precious'],
] as const) {
  test(`a ${what} link in the place of a growing file does not make us write into another file`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', SIZE);
    const left = await leavePart(s, '/a', body, 0);
    const target = join(s.dir, 'precious');
    writeFileSync(target, content);
    rmSync(left.part);
    link(target, left.part);
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal(readFileSync(target, 'latin1'), content);
  });
}

test('a symbolic link in the place of a lock, a record, a verdict or a mark is never written through', async (t) => {
  const s = await scene(t, { leavesLocks: true });
  const body = s.pattern('/a', SIZE);
  const left = await leavePart(s, '/a', body, 1000);
  const place = s.place('/a');
  const targets = ['lock', 'head', 'verdict', 'mark'].map((kind) => join(s.dir, kind));
  for (const [i, path] of [place.lock(left.id), place.head(left.id), place.verdict(left.id), place.mark(left.id)].entries()) {
    rmSync(path, { force: true });
    writeFileSync(targets[i]!, '');
    symlinkSync(targets[i]!, path);
  }
  assertWhole(await s.get('/a'), body);
  await s.idle();
  for (const target of targets) assert.equal(readFileSync(target, 'latin1'), '', target);
});

test('a directory, a loop of links, a device in the place of a file of the cache: the client gets its file, or is told', async (t) => {
  for (const kind of ['body', 'part', 'head', 'verdict'] as const) {
    for (const make of [
      (path: string) => mkdirSync(path),
      (path: string) => symlinkSync(path, path),
      (path: string) => symlinkSync('/dev/null', path),
    ]) {
      const s = await scene(t);
      const body = s.pattern('/a', SIZE);
      const left = await leavePart(s, '/a', body, 0);
      const path = s.place('/a')[kind](left.id);
      rmSync(path, { force: true });
      make(path);
      const result = await s.get('/a');
      assertWhole(result, body);
      assert.doesNotMatch(result.stderr, /fault/, `${kind}: ${result.stderr}`);
      await s.idle();
    }
  }
});

test('offload serve told to listen at the path of a file leaves the file alone', async (t) => {
  const file = join(tempDir(t), 'precious');
  writeFileSync(file, 'precious');
  const args = [await offloadCommand(), 'serve', '--base', 'http://127.0.0.1:9', '--cache-dir', `${file}.cache`, '--listen', `unix:${file}`];
  const run = spawnSync(process.execPath, args, { encoding: 'latin1', timeout: 60_000 });
  assert.equal(run.status, 1, run.stdout);
  assert.match(run.stderr, /EADDRINUSE/);
  assert.equal(readFileSync(file, 'latin1'), 'precious');
});

for (const name of ['Apache mod_cgid, ScriptAlias', 'Apache .htaccess, FallbackResource']) {
  test(`${name}: no URL reads the cache, the script or its settings`, { skip: lacking('apache2') }, async (t) => {
    const setup = SETUPS.find((one) => one.name === name);
    assert.ok(setup !== undefined);
    const origin = await startOrigin(t);
    const dir = serverDir(t);
    const cache = join(dir, 'cache');
    const server = await setup.start(t, await offloadCgi(), { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: cache, OFFLOAD_KEEP_FREE: '0' }, dir);
    origin.file('/a', { body: 'the body of a' });
    const first = await fetchRaw({ to: server.port, path: '/a' });
    assert.deepEqual([first.status, first.body.toString()], [200, 'the body of a'], server.errorLog());
    origin.remove('/a');
    const inCache = execFileSync('find', [cache, '-type', 'f'], { encoding: 'latin1' }).trim().split('\n');
    assert.ok(inCache.length >= 2);
    const below = ['', '/cgi-bin', '/cgi-bin/offload.cgi', '/a', '/icons'];
    const ups = ['/..', '/../..', '/%2e%2e', '/%2e%2e/%2e%2e', '/..%2f..', '/.%2e/.%2e', '/..;', '/..\\..', '/cache/..'];
    const files = [...inCache, join(cache, 'CACHEDIR.TAG'), join(dir, 'cgi-bin/offload.conf'), join(dir, 'cgi-bin/.htaccess'), join(dir, 'httpd.conf')];
    const paths = files.flatMap((file) => [file, ...below.flatMap((start) => ups.flatMap((up) => [`${start}${up}${file.slice(dir.length)}`, `${start}${up}${file}`]))]);
    paths.push('/cgi-bin/offload.conf', '/cgi-bin/.htaccess', '/cgi-bin/', '/offload.conf', `${dirname(inCache[0]!)}/`);
    // Several at a time; each is a process.
    for (let i = 0; i < paths.length; i += 16) {
      const chosen = paths.slice(i, i + 16).filter((_, n) => (i / 16 + n) % 12 === 0 || i === 0 || i + 16 >= paths.length);
      const answers = await Promise.all(chosen.map((path) => fetchRaw({ to: server.port, path })));
      for (const [n, answer] of answers.entries()) {
        const text = answer.body.toString('latin1');
        assert.ok(answer.status >= 400 && answer.status < 500 || answer.status === 500, `${chosen[n]}: ${answer.status}`);
        assert.doesNotMatch(text, /the body of a|Signature|OffloadBase|SetEnv|ServerRoot|"etag"/, chosen[n]);
      }
    }
    assert.doesNotMatch(server.errorLog(), /fault/);
  });
}
