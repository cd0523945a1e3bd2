import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isCodeFile } from '../../src/cache/layout.js';
import { assertWhole, scene } from '../support/scene.js';

const hex = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;

test('every byte that a URL can hold reaches the base as it is', async (t) => {
  const s = await scene(t);
  // All but control characters, blank, # and ?.
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte > 0x20 && byte !== 0x7f && byte !== 0x23 && byte !== 0x3f);
  const path = `/all${String.fromCharCode(...bytes)}`;
  const body = s.pattern(path, 5000);
  assertWhole(await s.get(path), body);
  await s.idle();
  assertWhole(await s.get(path), body);
  assert.deepEqual([s.origin.count('HEAD', path), s.origin.count('GET', path), s.origin.count()], [2, 1, 3]);
});

test('every byte, percent-encoded in either case, reaches the base as it is', async (t) => {
  const s = await scene(t);
  const path = `/enc/${Array.from({ length: 256 }, (_, byte) => (byte % 2 === 0 ? hex(byte) : hex(byte).toUpperCase())).join('')}`;
  const body = s.pattern(path, 5000);
  assertWhole(await s.get(path), body);
  await s.idle();
  assertWhole(await s.get(path), body);
  assert.deepEqual([s.origin.count('HEAD', path), s.origin.count('GET', path), s.origin.count()], [2, 1, 3]);
});

test('whatever a path looks like, it is one of the base\'s, not one of our disk', async (t) => {
  const s = await scene(t);
  const paths = [
    '/a/../b', '/a/./b', '//a', '/a//b/', '/%2e%2e/%2e%2e/etc/passwd', '/a%00b', '/a;x=1', '/a\\..\\b', '/%', '/%zz', '/..', '/',
    '/a.verylongextension', '/.a', '/a.', '/CACHEDIR.TAG',
  ];
  for (const [i, path] of paths.entries()) s.pattern(path, 3000 + i);
  for (const [i, path] of paths.entries()) {
    assertWhole(await s.get(path), { seed: path.length + 3000 + i, size: 3000 + i });
    await s.idle();
    assert.deepEqual(s.kinds(path), ['body', 'head'], path);
    assert.equal(s.origin.count(undefined, path), 2, path);
  }
  assert.equal(s.origin.count(), 2 * paths.length);
  assert.deepEqual(readdirSync(s.cacheDir).filter((name) => !isCodeFile(name)).sort(), ['CACHEDIR.TAG', 'urls']);
});

test('/a%62, /ab and /A%62 are three files', async (t) => {
  const s = await scene(t);
  for (const [i, path] of ['/a%62', '/ab', '/A%62'].entries()) s.pattern(path, 1000, { etag: '"x"' }, i);
  for (const [i, path] of ['/a%62', '/ab', '/A%62'].entries()) assertWhole(await s.get(path), { seed: i, size: 1000 });
  await s.idle();
});

test('a name of 8,000 characters', async (t) => {
  const s = await scene(t);
  const path = `/${'a'.repeat(3990)}/${'é'.repeat(4000)}.zip`;
  const body = s.pattern(path, 1000);
  assertWhole(await s.get(path), body);
  await s.idle();
  assertWhole(await s.get(path), body);
  assert.deepEqual(s.kinds(path), ['body', 'head']);
});
