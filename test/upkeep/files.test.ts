// `offload ls`, `purge` and `warm`: what is in the cache, and what shall be.
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { LAST_MODIFIED } from '../support/origin.js';
import { patternBytes } from '../support/pattern.js';
import { assertWhole, scene } from '../support/scene.js';
import { cached, offload, validatedAgo } from './support.js';

test('ls: each file with size, last use and validation, by patterns and in order', async (t) => {
  const s = await scene(t);
  await cached(s, ['/pub/b.iso', '/pub/a.zip', '/c.iso'], 100_000);
  const body = s.file('/c.iso', 'body');
  utimesSync(body, Date.UTC(2026, 0, 2) / 1000, statSync(body).mtimeMs / 1000);
  validatedAgo(s, 48, '/pub/a.zip');
  const urls = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await offload(t, s, ['ls', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.trimEnd().split('\n').slice(1, -1).map((line) => line.split(' ').at(-1) ?? '');
  };
  assert.deepEqual(await urls(), ['/c.iso', '/pub/a.zip', '/pub/b.iso']);
  assert.deepEqual(await urls('*.iso'), ['/c.iso', '/pub/b.iso']);
  assert.deepEqual(await urls('/pub/?.zip', `${s.origin.url}/c.iso`), ['/c.iso', '/pub/a.zip']);
  assert.equal((await urls('--sort', 'used')).at(-1), '/c.iso');
  assert.equal((await urls('--sort', 'validated')).at(-1), '/pub/a.zip');
  assert.deepEqual(await urls('--sort', 'size'), ['/c.iso', '/pub/a.zip', '/pub/b.iso']);
  const { stdout } = await offload(t, s, ['ls']);
  assert.match(stdout, /^ {6}SIZE  LAST USE          VALIDATED         URL\n(?: {2}97\.7 KiB  \d{4}-\d\d-\d\d \d\d:\d\d  \d{4}-\d\d-\d\d \d\d:\d\d  \/\S+\n){3} {3}293 KiB  in 3 files\n$/);
});

test('ls --json: times, validators and the digest, and no byte that a terminal obeys', async (t) => {
  const s = await scene(t);
  const odd = '/caf\u00e9\u009b31m';
  const body = (await cached(s, [odd])).get(odd)!;
  const { stdout } = await offload(t, s, ['ls', '--json']);
  assert.match(stdout, /^[\n\x20-\x7e]*$/);
  const [file, ...more] = JSON.parse(stdout) as { url: string; size: number; lastUse: string; validated: string; etag: string; lastModified: string; sha256: string }[];
  assert.ok(file !== undefined && more.length === 0);
  assert.deepEqual([file.url, file.size, file.lastModified], [s.origin.url + odd, body.size, LAST_MODIFIED]);
  assert.equal(file.sha256, createHash('sha256').update(patternBytes(body.seed, 0, body.size)).digest('hex'));
  assert.ok(Math.abs(Date.parse(file.lastUse) - Date.now()) < 60_000 && Math.abs(Date.parse(file.validated) - Date.now()) < 60_000);
  assert.match((await offload(t, s, ['ls'])).stdout, /\/caf\\xe9\\x9b31m\n/);
});

test('purge: one URL, or all that a pattern means; the next request pulls it anew', async (t) => {
  const s = await scene(t);
  const bodies = await cached(s, ['/a', '/old/1', '/old/2', '/b']);
  const tried = await offload(t, s, ['purge', '--dry-run', '/old/*']);
  assert.deepEqual([tried.code, tried.stdout.split('\n').sort(), tried.stderr], [0, ['', '/old/1', '/old/2'], 'offload purge: 2 URLs, 39.1 KiB would be removed\n']);
  assert.ok(s.kinds('/old/1').includes('body'));
  assert.equal((await offload(t, s, ['purge', '/old/*', '/a'])).code, 0);
  assert.deepEqual(['/a', '/old/1', '/old/2', '/b'].map((path) => s.names(path).length), [0, 0, 0, 2]);
  assertWhole(await s.get('/a'), bodies.get('/a')!);
  assert.equal(s.origin.count('GET', '/a'), 1);
  const nothing = await offload(t, s, ['purge', `${s.origin.url}/nowhere`]);
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [1, '', 'offload purge: 0 URLs, 0 bytes removed\n']);
  for (const [words, what] of [[[], /URL: not given/], [['http://elsewhere.example/a'], /must be a path that begins with \//], [['/a#b'], /has a query or a fragment/]] as const) {
    const { code, stderr } = await offload(t, s, ['purge', ...words]);
    assert.equal(code, 2);
    assert.match(stderr, what);
  }
});

test('warm: pulls what is not here, several at once, and says what could not be had', async (t) => {
  const s = await scene(t);
  const here = await cached(s, ['/here']);
  const bodies = new Map(['/1', '/2', '/3', '/a b'].map((path) => [path, s.pattern(path.replace(' ', '%20'), 200_000)]));
  s.origin.file('/secret', { body: 'x', status: 401 });
  s.origin.file('/dynamic', { body: 'x', headers: { 'Cache-Control': 'no-store' } });
  const { code, stdout, stderr } = await offload(t, s, ['warm', '/here', '/1', '/missing', '-', '/secret', '/dynamic'], `/2\n\n${s.origin.url}/3\n/a b\n`);
  assert.equal(code, 1);
  assert.equal(stdout, 'offload warm: 8 files: 4 filled (781 KiB), 1 here already, 3 failed\n');
  assert.deepEqual(stderr.trimEnd().split('\n').sort(), [
    'offload warm: /dynamic: not cached: Cache-Control: no-store',
    'offload warm: /missing: base answers 404',
    'offload warm: /secret: base answers 401',
  ]);
  s.origin.requests.length = 0;
  for (const [path, body] of [...bodies, ...here]) assertWhole(await s.get(path.replace(' ', '%20')), body);
  assert.equal(s.origin.count('GET'), 0);
  assert.deepEqual(await offload(t, s, ['warm', '/1']), { code: 0, stdout: 'offload warm: 1 file: 0 filled (0 bytes), 1 here already, 0 failed\n', stderr: '' });
});

test('warm: all files together come no faster than --rate, and clients follow meanwhile', async (t) => {
  const s = await scene(t);
  const a = s.pattern('/a', 150_000);
  s.pattern('/b', 150_000);
  const began = performance.now();
  const warming = offload(t, s, ['warm', '--rate', '150K', '--jobs', '2', '/a', '/b']);
  await s.origin.waitFor(({ method, path }) => method === 'GET' && path === '/a');
  assertWhole(await s.get('/a'), a);
  assert.equal((await warming).code, 0);
  assert.ok(performance.now() - began > 800);
  assert.equal(s.origin.count('GET', '/a'), 1);
});

test('warm keeps OffloadCacheSize', async (t) => {
  const s = await scene(t, { settings: { OFFLOAD_CACHE_SIZE: '500K' } });
  const paths = Array.from({ length: 6 }, (_, i) => `/${i}`);
  for (const path of paths) s.pattern(path, 200_000);
  assert.equal((await offload(t, s, ['warm', '--jobs', '1', ...paths])).code, 0);
  const names = readdirSync(s.cacheDir, { recursive: true, encoding: 'utf8' });
  assert.equal(names.filter((name) => name.endsWith('.body')).length, 2);
});
