// Removed objects that a web server may be about to open: they keep their names for a minute, and no longer.
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pattern } from '../support/pattern.js';
import { assertWhole, type Scene, scene } from '../support/scene.js';

const SIZE = 200_000;
const TYPE = { headers: { 'Content-Type': 'application/zip' } };
const HANDING = { settings: { OFFLOAD_HANDOFF: 'x-sendfile' } };

/** Pulls a file and has it handed over; gives the path that the web server was told. */
async function handedOver(s: Scene, path: string): Promise<string> {
  await s.get(path, HANDING);
  await s.idle();
  const { headers, length } = await s.get(path, HANDING);
  assert.equal(length, 0);
  const file = headers.get('X-Sendfile');
  assert.ok(file !== undefined && statSync(file).size === SIZE, file);
  return file;
}

function retired(s: Scene): string[] {
  const directory = join(s.cacheDir, 'retired');
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

/** As if it had happened two minutes ago. */
function makeOld(...paths: string[]): void {
  const then = Date.now() / 1000 - 120;
  for (const path of paths) utimesSync(path, then, then);
}

function put(s: Scene, path: string, seed: number): Pattern {
  return s.pattern(path, SIZE, TYPE, seed);
}

test('an old version keeps its name for a minute; then whoever fills next removes it', async (t) => {
  const s = await scene(t);
  put(s, '/a.zip', 1);
  const old = await handedOver(s, '/a.zip');
  put(s, '/a.zip', 2);
  const now = await handedOver(s, '/a.zip');
  assert.ok(existsSync(old) && old !== now);
  put(s, '/b', 3);
  await s.get('/b');
  await s.idle();
  assert.ok(existsSync(old), 'removed too early');
  makeOld(...retired(s));
  put(s, '/c', 4);
  await s.get('/c');
  await s.idle();
  assert.ok(!existsSync(old), 'not removed');
  assert.deepEqual(retired(s), []);
  assert.ok(existsSync(now));
});

test('of what the base no longer has, nothing is sent, though the object keeps its name', async (t) => {
  const s = await scene(t);
  put(s, '/a.zip', 1);
  const old = await handedOver(s, '/a.zip');
  s.origin.remove('/a.zip');
  assert.equal((await s.get('/a.zip', HANDING)).status, 404);
  assert.ok(existsSync(old));
  await s.origin.refuse();
  assert.equal((await s.get('/a.zip', HANDING)).status, 502);
  makeOld(...retired(s));
});

test('asked for what is gone again and again, the object goes after a minute all the same', async (t) => {
  const s = await scene(t);
  put(s, '/a.zip', 1);
  const old = await handedOver(s, '/a.zip');
  s.origin.remove('/a.zip');
  await s.get('/a.zip');
  makeOld(...retired(s));
  await s.get('/a.zip');
  assert.ok(!existsSync(old));
});

test('a version that the base has again is the old object, not a new pull, and stays', async (t) => {
  const s = await scene(t);
  const body = put(s, '/a.zip', 1);
  const old = await handedOver(s, '/a.zip');
  s.origin.remove('/a.zip');
  await s.get('/a.zip');
  put(s, '/a.zip', 1);
  assertWhole(await s.get('/a.zip'), body);
  makeOld(...retired(s));
  put(s, '/b', 2);
  await s.get('/b');
  await s.idle();
  assert.ok(existsSync(old));
  assert.deepEqual(retired(s), []);
  assert.equal(s.origin.count('GET', '/a.zip'), 1);
});

test('where nothing is handed over, or was not for a minute, what is removed is removed', async (t) => {
  const s = await scene(t);
  put(s, '/a.zip', 1);
  await handedOver(s, '/a.zip');
  makeOld(join(s.cacheDir, 'handed'));
  put(s, '/a.zip', 2);
  await s.get('/a.zip');
  await s.idle();
  assert.deepEqual(s.kinds('/a.zip'), ['body', 'head']);
  assert.deepEqual(retired(s), []);
});
