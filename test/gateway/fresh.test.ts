import { strict as assert } from 'node:assert';
import { utimesSync } from 'node:fs';
import { test } from 'node:test';
import { assertWhole, type Scene, scene } from '../support/scene.js';

const settings = { OFFLOAD_FRESH: '1h' };

function setValidated(s: Scene, path: string, ago: number): void {
  const at = (Date.now() - ago) / 1000;
  utimesSync(s.file(path, 'head'), at, at);
}

test('within OffloadFresh after a validation the base is not asked; then it is, once', async (t) => {
  const s = await scene(t, { settings });
  const body = s.pattern('/a', 1000);
  assertWhole(await s.get('/a'), body);
  await s.idle();
  const warm = await s.get('/a');
  assertWhole(warm, body);
  assert.match(warm.headers.get('Cache-Status') ?? '', /^offload; hit; detail=fresh/);
  assert.equal((await s.head('/a')).status, 200);
  assert.equal((await s.get('/a', { headers: { Range: 'bytes=0-0' } })).status, 206);
  assert.deepEqual([s.origin.count('HEAD'), s.origin.count('GET')], [1, 1]);
  setValidated(s, '/a', 3_601_000);
  for (let i = 0; i < 2; i++) assertWhole(await s.get('/a'), body);
  assert.deepEqual([s.origin.count('HEAD'), s.origin.count('GET')], [2, 1]);
});

test('without it the base is asked every time', async (t) => {
  const s = await scene(t);
  s.pattern('/a', 1000);
  for (let i = 1; i <= 3; i++) {
    await s.get('/a');
    assert.equal(s.origin.count('HEAD'), i);
  }
  await s.idle();
});

test('a changed file is seen when its time is over, and what the base sent before is not mixed with it', async (t) => {
  const s = await scene(t, { settings });
  const old = s.pattern('/a', 1000, {}, 1);
  await s.get('/a');
  await s.idle();
  const young = s.pattern('/a', 1000, {}, 2);
  assertWhole(await s.get('/a'), old);
  setValidated(s, '/a', 3_601_000);
  assertWhole(await s.get('/a'), young);
  await s.idle();
});

for (const [what, baseSays, clientSays, asked] of [
  ['the base says no-cache', { 'Cache-Control': 'no-cache' }, {}, true],
  ['the base gives it a shorter life', { 'Cache-Control': 'max-age=60' }, {}, true],
  ['the base gives it a longer life', { 'Cache-Control': 'max-age=99999' }, {}, false],
  ['the base says that it has expired', { Expires: '0' }, {}, true],
  ['the client wants it revalidated', {}, { 'Cache-Control': 'no-cache' }, true],
  ['the client reloads (HTTP/1.0)', {}, { Pragma: 'no-cache' }, true],
  ['the client wants it younger', {}, { 'Cache-Control': 'max-age=60' }, true],
  ['the client is content', {}, { 'Cache-Control': 'max-age=3600' }, false],
] as const) {
  test(`100 seconds after a validation, ${what}: the base is ${asked ? '' : 'not '}asked`, async (t) => {
    const s = await scene(t, { settings });
    const body = s.pattern('/a', 1000, { headers: baseSays });
    await s.get('/a');
    await s.idle();
    setValidated(s, '/a', 100_000);
    assertWhole(await s.get('/a', { headers: clientSays }), body);
    assert.equal(s.origin.count('HEAD'), asked ? 2 : 1);
  });
}

test('a file that is fresh, but no longer here, is pulled anew', async (t) => {
  const { rmSync } = await import('node:fs');
  const s = await scene(t, { settings });
  const body = s.pattern('/a', 1000);
  await s.get('/a');
  await s.idle();
  rmSync(s.file('/a', 'body'));
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assertWhole(await s.get('/a'), body);
  assert.equal(s.origin.count('GET'), 2);
});
