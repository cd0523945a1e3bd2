import { strict as assert } from 'node:assert';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CgiResult } from '../support/cgi.js';
import { mountTmpfs } from '../support/mount.js';
import { Gate } from '../support/origin.js';
import { type Pattern } from '../support/pattern.js';
import { tempDir } from '../support/place.js';
import { assertCut, assertWhole, checks, type Scene, scene } from '../support/scene.js';

const MIB = 1_048_576;
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.geteuid?.() === 0;
const onlyRoot = isRoot ? {} : { skip: 'only root can run a script as another user' };

/** The client has the file from the base, nothing of it was stored, and the log says why. */
function assertPassed(result: CgiResult, body: Pattern, why: RegExp): void {
  assertWhole(result, body);
  assert.match(result.headers.get('Cache-Status') ?? '', /^offload; fwd=bypass; fwd-status=200; detail=not-stored$/);
  assert.match(result.stderr, why);
}

async function smallScene(t: TestContext, options: string): Promise<Scene | undefined> {
  const cacheDir = join(tempDir(t), 'cache');
  const missing = mountTmpfs(t, cacheDir, options);
  if (missing === undefined) return scene(t, { cacheDir });
  t.skip(missing);
  return undefined;
}

test('a file that doesn\'t fit on the disk is passed through', async (t) => {
  const s = await smallScene(t, 'size=2m');
  if (s === undefined) return;
  const body = s.pattern('/a', 3 * MIB);
  assertPassed(await s.get('/a'), body, /OffloadCacheDir \S+: 3145728 bytes don't fit: \d+ are free/);
  const small = s.pattern('/b', MIB);
  assertWhole(await s.get('/b'), small);
  await s.idle();
  assert.deepEqual(s.kinds('/b'), ['body', 'head']);
});

test('the disk becomes full half-way: all who follow get the rest from the base, and the part goes', async (t) => {
  const s = await smallScene(t, 'size=4m');
  if (s === undefined) return;
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate });
  const clients = await Promise.all(Array.from({ length: 3 }, () => s.start('/a', { check: checks(body) })));
  await Promise.all(clients.map((client) => client.waitForBody(MIB)));
  fillDisk(s.cacheDir);
  gate.release();
  for (const client of clients) {
    const result = await client.done;
    assertWhole(result, body);
    assert.match(result.stderr, /from byte \d+ on not from the cache, but from the base: .*(ENOSPC|don't fit)/);
  }
  await s.idle();
  assert.ok(!s.kinds('/a').some((kind) => kind === 'part' || kind === 'body'), s.names('/a').join(' '));
});

test('the disk becomes full, and the base\'s validator is weak: the client sees that bytes are missing', async (t) => {
  const s = await smallScene(t, 'size=4m');
  if (s === undefined) return;
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate, etag: 'W/"1"' });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(MIB);
  fillDisk(s.cacheDir);
  gate.release();
  assertCut(await client.done, body);
  await s.idle();
});

test('a disk without room for one more file: passed through', async (t) => {
  const s = await smallScene(t, 'size=4m,nr_inodes=3');
  if (s === undefined) return;
  const body = s.pattern('/a', MIB);
  assertPassed(await s.get('/a'), body, /ENOSPC/);
  await s.idle();
});

test('what OffloadKeepFree wants left free is left free: passed through, also a range', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_KEEP_FREE: '99%' } });
  const body = s.pattern('/a', MIB);
  assertPassed(await s.get('/a'), body, /1048576 bytes don't fit: \d+ are free, OffloadKeepFree wants \d+ left/);
  assertWhole(await s.get('/a', { headers: { Range: 'bytes=1000-1999' } }), body, 1000, 2000);
  assert.equal(s.origin.last('GET', '/a').headers.get('Range'), 'bytes=1000-1999');
  assertWhole(await s.get('/a', { settings: { OFFLOAD_KEEP_FREE: '1K' } }), body);
  await s.idle();
  // What is here already takes no more room.
  assert.match((await s.get('/a')).headers.get('Cache-Status') ?? '', /^offload; hit/);
});

test('a body in chunks that is passed through has its length all the same: a client sees where it was cut', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_KEEP_FREE: '99%' } });
  const body = s.pattern('/a', MIB, { get: { chunked: true } });
  assertWhole(await s.get('/a'), body);
  s.origin.replace('/a', { get: { chunked: true, cutAfter: 300_000 } });
  assertCut(await s.get('/a'), body);
});

test('a read-only cache: what is in it is sent, the rest passed through', onlyRoot, async (t) => {
  const s = await scene(t);
  const [here, missing] = [s.pattern('/here', MIB), s.pattern('/missing', MIB)];
  mkdirSync(s.cacheDir, { mode: 0o700 });
  chownSync(s.cacheDir, NOBODY.uid, NOBODY.gid);
  assertWhole(await s.get('/here', { user: NOBODY }), here);
  await s.idle();
  for (const name of ['.', ...readdirSync(s.cacheDir, { recursive: true, encoding: 'utf8' })]) {
    const path = join(s.cacheDir, name);
    if (statSync(path).isDirectory()) chmodSync(path, 0o500);
  }
  const hit = await s.get('/here', { user: NOBODY });
  assertWhole(hit, here);
  assert.match(hit.headers.get('Cache-Status') ?? '', /hit/);
  assertPassed(await s.get('/missing', { user: NOBODY }), missing, /OffloadCacheDir \S+: not writable by uid 65534 \(EACCES\)/);
  // Downloads cannot be counted then: that must not stop them.
  assertWhole(await s.get('/here', { user: NOBODY, settings: { OFFLOAD_MAX_DUPE_DOWNLOADS: '1' } }), here);
});

test('a cache directory that cannot be made: passed through', onlyRoot, async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  assertPassed(await s.get('/a', { user: NOBODY }), body, /OffloadCacheDir \S+: cannot be created by uid 65534 \(EACCES\); create it/);
  assert.ok(!existsSync(s.cacheDir));
});

test('a cache directory of another user is refused: passed through', onlyRoot, async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  mkdirSync(s.cacheDir, { mode: 0o755 });
  chownSync(s.cacheDir, NOBODY.uid, NOBODY.gid);
  assertPassed(await s.get('/a'), body, /OffloadCacheDir \S+: belongs to uid 65534, but this is uid 0; run as its owner or chown it/);
  assert.deepEqual(readdirSync(s.cacheDir), []);
});

test('a cache directory that everyone can write to is refused: passed through', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  mkdirSync(s.cacheDir);
  chmodSync(s.cacheDir, 0o777);
  assertPassed(await s.get('/a'), body, /OffloadCacheDir \S+: everyone can write to it; refused. Remedy: chmod 0700/);
  assert.deepEqual(readdirSync(s.cacheDir), []);
});

test('a symbolic link is refused where everyone can make one, and followed elsewhere', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  const [open, real] = [join(s.dir, 'open'), join(s.dir, 'real')];
  for (const dir of [open, real]) mkdirSync(dir, { mode: 0o700 });
  chmodSync(open, 0o1777);
  symlinkSync(real, join(open, 'cache'));
  symlinkSync(real, s.cacheDir);
  const refused = await s.get('/a', { settings: { OFFLOAD_CACHE_DIR: join(open, 'cache') } });
  assertPassed(refused, body, /OffloadCacheDir \S+: is a symbolic link in a directory that everyone can write to; refused/);
  assert.deepEqual(readdirSync(real), []);
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a cache directory that is a file: passed through', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  writeFileSync(s.cacheDir, '');
  assertPassed(await s.get('/a'), body, /OffloadCacheDir \S+: is not a directory/);
  rmSync(s.cacheDir);
});

test('the cache directory is removed during a fill: the client gets its file', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(MIB);
  rmSync(s.cacheDir, { recursive: true });
  gate.release();
  assertWhole(await client.done, body);
  await s.idle();
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a cache directory that was there before, empty, gets its CACHEDIR.TAG too', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 1000);
  mkdirSync(s.cacheDir, { mode: 0o750 });
  assert.equal((await s.get('/a')).status, 200);
  await s.idle();
  assert.match(readFileSync(join(s.cacheDir, 'CACHEDIR.TAG'), 'latin1'), /^Signature: 8a477f597d28d172789f06886806bc55\n/);
  assert.equal(statSync(s.cacheDir).mode & 0o777, 0o750);
});

/** Takes all room that is left. */
function fillDisk(dir: string): void {
  try {
    for (let n = 0; ; n++) writeFileSync(join(dir, `ballast.${n}`), Buffer.alloc(MIB));
  } catch (error) {
    assert.match(String(error), /ENOSPC/);
  }
}
