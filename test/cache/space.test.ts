// The cache has a size: what was not used for longest goes, and nobody who is being served notices.
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Layout, UrlPlace } from '../../src/cache/layout.js';
import { makeRoom } from '../../src/cache/space.js';
import { readUsage, usedBytes } from '../../src/cache/usage.js';
import type { CgiResult } from '../support/cgi.js';
import { fetchRaw } from '../support/client.js';
import { deadPid, forgeLock, leavePart } from '../support/forge.js';
import { mountTmpfs } from '../support/mount.js';
import { Gate, startOrigin } from '../support/origin.js';
import { type Pattern, patternHash } from '../support/pattern.js';
import { tempDir } from '../support/place.js';
import { assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

const SIZE = 100_000;
const MIB = 1_048_576;

/** A scene whose cache has room for so many files of SIZE, and a half one. */
function roomFor(t: TestContext, files: number, settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  return scene(t, { settings: { OFFLOAD_CACHE_SIZE: String((files + 0.5) * SIZE), ...settings } });
}

function put(s: Scene, ...paths: string[]): Map<string, Pattern> {
  return new Map(paths.map((path) => [path, s.pattern(path, SIZE, { headers: { 'Content-Type': 'application/zip' } })]));
}

/** Pulls a file, and has its last use a number of minutes ago. */
async function used(s: Scene, path: string, minutes: number): Promise<void> {
  assert.equal((await s.get(path)).status, 200);
  await s.idle();
  setUse(s.file(path, 'body'), minutes);
}

function setUse(body: string, minutes: number): void {
  utimesSync(body, Date.now() / 1000 - minutes * 60, statSync(body).mtimeMs / 1000);
}

function isHere(s: Scene, path: string): boolean {
  return s.kinds(path).includes('body');
}

/** Bytes of bodies and parts on the disk. */
function onDisk(cacheDir: string): number {
  const names = existsSync(cacheDir) ? readdirSync(cacheDir, { recursive: true, encoding: 'utf8' }) : [];
  const kept = names.filter((name) => /^(?:body|part)$/.test(UrlPlace.parse(name.split('/').at(-1) ?? '')?.kind ?? ''));
  return kept.reduce((sum, name) => sum + (statSync(join(cacheDir, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function assertPassed(result: CgiResult, body: Pattern): void {
  assertWhole(result, body);
  assert.match(result.headers.get('Cache-Status') ?? '', /detail=not-stored$/);
}

test('when the cache is full, the file that was not used for longest goes, whichever was pulled first', async (t) => {
  const s = await roomFor(t, 3);
  const bodies = put(s, '/a', '/b', '/c', '/d', '/e');
  for (const [path, minutes] of [['/a', 50], ['/b', 40], ['/c', 30]] as const) await used(s, path, minutes);
  // A hit, not a pull, is what makes the oldest file the newest.
  assert.match((await s.get('/a')).headers.get('Cache-Status') ?? '', /hit/);
  assertWhole(await s.get('/d'), bodies.get('/d')!);
  await s.idle();
  assert.deepEqual(['/a', '/b', '/c', '/d'].filter((path) => isHere(s, path)), ['/a', '/c', '/d']);
  assert.deepEqual(s.names('/b'), [], 'all about it is gone');
  assertWhole(await s.get('/e'), bodies.get('/e')!);
  await s.idle();
  assert.deepEqual(['/a', '/b', '/c', '/d', '/e'].filter((path) => isHere(s, path)), ['/a', '/d', '/e']);
  assert.equal(usedBytes(new Layout(s.cacheDir)), 3 * SIZE);
  assertWhole(await s.get('/b'), bodies.get('/b')!);
});

for (const options of ['noatime', 'relatime', 'strictatime']) {
  test(`last use is known on a file system mounted with ${options}`, async (t) => {
    const cacheDir = join(tempDir(t), 'cache');
    const missing = mountTmpfs(t, cacheDir, `size=8m,${options}`);
    if (missing !== undefined) return t.skip(missing);
    const s = await scene(t, { cacheDir, settings: { OFFLOAD_CACHE_SIZE: String(2.5 * SIZE) } });
    put(s, '/a', '/b', '/c');
    await used(s, '/a', 20);
    await used(s, '/b', 10);
    await s.get('/a');
    await s.get('/c');
    await s.idle();
    assert.deepEqual(['/a', '/b', '/c'].filter((path) => isHere(s, path)), ['/a', '/c']);
  });
}

test('a file larger than OffloadCacheSize is passed through, and nothing goes for it', async (t) => {
  const s = await roomFor(t, 2);
  put(s, '/a', '/b');
  await used(s, '/a', 20);
  await used(s, '/b', 10);
  const large = s.pattern('/large', 4 * SIZE);
  const result = await s.get('/large');
  assertPassed(result, large);
  assert.match(result.stderr, /400000 bytes don't fit: .*OffloadCacheSize allows 250000/);
  assert.deepEqual(s.fillers(), [], 'no process is started for it');
  assert.deepEqual(['/a', '/b'].filter((path) => isHere(s, path)), ['/a', '/b']);
  assert.deepEqual(s.kinds('/large'), []);
});

test('many processes fill at once: never more on the disk than the limit and what is on its way, and at the end the limit', async (t) => {
  const s = await roomFor(t, 5);
  const paths = Array.from({ length: 24 }, (_, i) => `/file-${i}`);
  const bodies = put(s, ...paths);
  let most = 0;
  const look = () => {
    try {
      most = Math.max(most, onDisk(s.cacheDir));
    } catch (error) {
      // A directory was evicted while we read it.
      assert.match(String(error), /ENOENT/);
    }
  };
  const watch = setInterval(look, 3);
  // Eight at a time.
  const queue = [...bodies];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) assertWhole(await s.get(next[0]), next[1]);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await s.idle();
  clearInterval(watch);
  assert.ok(most > 2 * SIZE && most <= (5.5 + 8) * SIZE, `${most} bytes`);
  assert.ok(onDisk(s.cacheDir) <= 5.5 * SIZE, `${onDisk(s.cacheDir)} bytes`);
  assert.equal(usedBytes(new Layout(s.cacheDir)), onDisk(s.cacheDir), 'the books are right');
});

test('an object is evicted while slow clients download it: they get all of it', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_CACHE_SIZE: String(12 * MIB) } });
  const large = s.pattern('/large', 8 * MIB);
  await used(s, '/large', 60);
  const slow = await Promise.all([1, 2].map(() => s.start('/large', { check: checks(large) })));
  for (const client of slow) {
    await client.waitForBody(1000);
    client.pause();
  }
  setUse(s.file('/large', 'body'), 60);
  const other = s.pattern('/other', 8 * MIB);
  assertWhole(await s.get('/other'), other);
  await s.idle();
  assert.ok(!isHere(s, '/large') && isHere(s, '/other'));
  for (const client of slow) {
    client.resume();
    assertWhole(await client.done, large);
  }
});

test('what is being filled never goes, and its followers get it, however full the cache is', async (t) => {
  const s = await roomFor(t, 2);
  const gate = new Gate(SIZE / 2);
  const body = s.pattern('/slow', SIZE, { hold: gate });
  const client = await s.start('/slow', { check: checks(body) });
  await client.waitForBody(SIZE / 2);
  utimesSync(s.file('/slow', 'part'), 0, 0);
  const bodies = put(s, '/a', '/b', '/c');
  for (const [path, other] of bodies) assertWhole(await s.get(path), other);
  assert.ok(s.kinds('/slow').includes('part'));
  gate.release();
  assertWhole(await client.done, body);
  await s.idle();
  assert.ok(isHere(s, '/slow'));
  assert.ok(onDisk(s.cacheDir) <= 2.5 * SIZE, `${onDisk(s.cacheDir)} bytes`);
});

test('handed to a web server in the last minute, an object keeps its name, and its room: the next file is passed through', async (t) => {
  const handing = { OFFLOAD_HANDOFF: 'x-sendfile' };
  const s = await roomFor(t, 1, handing);
  const bodies = put(s, '/a', '/b', '/c');
  await used(s, '/a', 0);
  const named = (await s.get('/a')).headers.get('X-Sendfile') ?? '';
  assertPassed(await s.get('/b'), bodies.get('/b')!);
  await s.idle();
  assert.ok(existsSync(named), 'the web server may be about to open it');
  // A minute later.
  const note = readdirSync(join(s.cacheDir, 'retired')).map((name) => join(s.cacheDir, 'retired', name));
  for (const path of note) utimesSync(path, 0, 0);
  await used(s, '/b', 2);
  assert.ok(!existsSync(named));
  // Of one that nobody was told of lately the room is free at once, though others are handed over.
  // Itself it would be handed over, too, if it is all here before its client looks.
  assertWhole(await s.get('/c', { settings: { OFFLOAD_HANDOFF: 'none' } }), bodies.get('/c')!);
  await s.idle();
  assert.deepEqual(['/b', '/c'].filter((path) => isHere(s, path)), ['/c']);
});

test('OffloadKeepFree alone: on a small disk the oldest files go when another needs their room', async (t) => {
  const cacheDir = join(tempDir(t), 'cache');
  const missing = mountTmpfs(t, cacheDir, 'size=4m');
  if (missing !== undefined) return t.skip(missing);
  const s = await scene(t, { cacheDir, settings: { OFFLOAD_KEEP_FREE: '512K' } });
  const bodies = new Map(['/a', '/b', '/c', '/d'].map((path) => [path, s.pattern(path, MIB)]));
  for (const [path, minutes] of [['/a', 10], ['/b', 30], ['/c', 20]] as const) await used(s, path, minutes);
  assert.ok(!existsSync(join(cacheDir, 'usage')), 'as long as there is room nobody counts');
  assertWhole(await s.get('/d'), bodies.get('/d')!);
  await s.idle();
  assert.deepEqual([...bodies.keys()].filter((path) => isHere(s, path)), ['/a', '/c', '/d']);
  // What would not fit into the empty cache is no reason to empty it.
  const large = s.pattern('/large', 5 * MIB);
  assertPassed(await s.get('/large'), large);
  assert.deepEqual([...bodies.keys()].filter((path) => isHere(s, path)), ['/a', '/c', '/d']);
});

test('a disk that was filled to its end has room for a small file again', async (t) => {
  const cacheDir = join(tempDir(t), 'cache');
  const missing = mountTmpfs(t, cacheDir, 'size=2m');
  if (missing !== undefined) return t.skip(missing);
  const s = await scene(t, { cacheDir });
  const paths = Array.from({ length: 30 }, (_, i) => `/f${i}`);
  for (const [path, body] of put(s, ...paths)) {
    // A fill makes room when its client has gone, too; another that meets the full disk meanwhile is rightly not stored.
    if (path === paths.at(-1)) await s.idle();
    assertWhole(await s.get(path), body);
  }
  await s.idle();
  assert.ok(isHere(s, paths.at(-1)!), s.names(paths.at(-1)!).join(' '));
  assert.ok(paths.filter((path) => isHere(s, path)).length >= 14);
});

for (const [what, damage] of [
  ['missing', ''],
  ['zeros', Buffer.alloc(2048)],
  ['garbage', Buffer.from('what a mess '.repeat(400))],
  ['too short', Buffer.alloc(3, 1)],
  ['all ones', Buffer.alloc(2048, 255)],
] as const) {
  test(`a usage file that is ${what} is made anew`, async (t) => {
    const s = await roomFor(t, 2);
    put(s, '/a', '/b', '/c');
    await used(s, '/a', 20);
    await used(s, '/b', 10);
    const { usage } = new Layout(s.cacheDir);
    assert.equal(usedBytes(new Layout(s.cacheDir)), 2 * SIZE);
    writeFileSync(usage, damage);
    await s.get('/c');
    await s.idle();
    assert.deepEqual(['/a', '/b', '/c'].filter((path) => isHere(s, path)), ['/b', '/c']);
    assert.equal(usedBytes(new Layout(s.cacheDir)), 2 * SIZE);
    assert.ok(!readUsage(new Layout(s.cacheDir)).includes(undefined));
  });
}

test('figures that a crash made wrong come right where something is evicted', async (t) => {
  const s = await roomFor(t, 2);
  put(s, '/a', '/b', '/c', '/d', '/e', '/f');
  await used(s, '/a', 20);
  const layout = new Layout(s.cacheDir);
  // As if it held 9 GB: no reason to throw everything away, nor to pass everything through.
  const shard = layout.shardOf(s.file('/a', 'body'));
  writeFileSync(layout.usage, Buffer.from(Float64Array.from(readUsage(layout), (bytes, at) => (at === shard ? 9e9 : (bytes ?? 0) + 1)).buffer));
  await used(s, '/b', 10);
  assert.ok(isHere(s, '/a') && isHere(s, '/b'));
  assert.equal(usedBytes(layout), onDisk(s.cacheDir));
  // And as if it held nothing.
  writeFileSync(layout.usage, Buffer.from(new Float64Array(256).fill(1).buffer));
  for (const [minutes, path] of ['/f', '/e', '/d', '/c'].entries()) await used(s, path, 5 - minutes);
  assert.deepEqual(['/a', '/b', '/c', '/d', '/e', '/f'].filter((path) => isHere(s, path)), ['/c', '/d']);
  assert.equal(usedBytes(layout), onDisk(s.cacheDir));
});

test('the part that a killed filler left takes room, and goes like any other', async (t) => {
  const s = await roomFor(t, 2);
  const half = s.pattern('/half', SIZE);
  const { lock, part } = await leavePart(s, '/half', half, SIZE / 2);
  forgeLock(lock, { pid: await deadPid(), start: '1' });
  utimesSync(part, 0, 0);
  put(s, '/a', '/b', '/c');
  for (const path of ['/a', '/b', '/c']) await used(s, path, 1);
  assert.deepEqual(s.names('/half'), []);
  assert.equal(usedBytes(new Layout(s.cacheDir)), onDisk(s.cacheDir));
});

test('of a cache too large to be looked at as a whole, a sample loses its oldest: some more than needed, none of the newer half', async (t) => {
  const layout = new Layout(join(tempDir(t), 'cache'));
  const objects = 3000;
  const bodies = Array.from({ length: objects }, (_, i) => {
    const body = layout.url('http://base', `/objects/${i}`).body('v');
    mkdirSync(dirname(body), { recursive: true });
    writeFileSync(body, 'x'.repeat(10));
    utimesSync(body, 1_700_000_000 + i, 1);
    return body;
  });
  const limits = (bytes: number) => ({ cacheSize: { bytes }, keepFree: { bytes: 0 } });
  // Counting all of it is the work of several fills, too.
  while (readUsage(layout).includes(undefined)) await makeRoom(layout, 0, limits(MIB));
  assert.equal(usedBytes(layout), objects * 10);
  await makeRoom(layout, 1, limits(objects * 10));
  const gone = bodies.map((body, use) => ({ use, there: existsSync(body) })).filter(({ there }) => !there).map(({ use }) => use);
  assert.ok(gone.length >= 32 && gone.length <= 40, `${gone.length} went`);
  assert.ok(Math.max(...gone) < objects / 4, `number ${Math.max(...gone)} went`);
  assert.equal(usedBytes(layout), (objects - gone.length) * 10);
  // Much room at once: sample after sample.
  await makeRoom(layout, objects * 2, limits(objects * 10));
  assert.ok(usedBytes(layout) <= objects * 8);
  assert.ok(bodies.slice(-objects / 10).every((body) => existsSync(body)));
});

test('several bases in one cache directory have one limit', async (t) => {
  const s = await roomFor(t, 2);
  put(s, '/a', '/b');
  const other = await startOrigin(t);
  other.file('/x', { body: { seed: 5, size: SIZE } });
  await used(s, '/a', 30);
  const settings = { OFFLOAD_BASE: other.url };
  await s.get('/x', { settings });
  await s.idle();
  await s.get('/b');
  await s.idle();
  assert.deepEqual(['/a', '/b'].filter((path) => isHere(s, path)), ['/b']);
  assert.match((await s.get('/x', { settings })).headers.get('Cache-Status') ?? '', /hit/);
});

test('the built-in server keeps the limit, too', async (t) => {
  const origin = await startOrigin(t);
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' }, ['--cache-size', '300K']);
  const bodies = Array.from({ length: 12 }, (_, i) => ({ seed: i, size: SIZE }));
  for (const [i, body] of bodies.entries()) origin.file(`/${i}`, { body });
  const answers = await Promise.all(bodies.map((_, i) => fetchRaw({ to: server.port, path: `/${i}` })));
  for (const [i, { sha256 }] of answers.entries()) assert.equal(sha256, patternHash(bodies[i]!));
  const cacheDir = join(server.dir, 'cache');
  await waitUntil(() => onDisk(cacheDir) <= 3 * SIZE, { what: () => `${onDisk(cacheDir)} bytes to become fewer` });
  assert.ok(onDisk(cacheDir) > 0);
});
