// `offload clean`: what the base no longer has goes, what killed processes left goes, and nothing else does.
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Layout } from '../../src/cache/layout.js';
import { CLEAN } from '../../src/cli/commands/clean.js';
import { runCommand } from '../../src/cli/run.js';
import { deadPid, forgeLock, leavePart } from '../support/forge.js';
import { Gate } from '../support/origin.js';
import { assertWhole, checks, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';
import { cached, offload, start, validatedAgo } from './support.js';

const old = (...paths: string[]) => {
  for (const path of paths) utimesSync(path, 1, 1);
};

test('what is gone or changed on the base is removed, what it confirms is validated', async (t) => {
  const s = await scene(t);
  const bodies = await cached(s, ['/same', '/gone', '/changed']);
  validatedAgo(s, 5, '/same', '/gone', '/changed');
  s.origin.remove('/gone');
  s.pattern('/changed', 30_000);
  const names = () => readdirSync(s.cacheDir, { recursive: true, encoding: 'utf8' }).sort();
  const before = names();
  const tried = await offload(t, s, ['clean', '--dry-run']);
  assert.deepEqual([tried.code, tried.stderr], [0, '']);
  assert.match(tried.stdout, /^offload clean: 3 URLs, 3 asked: 1 gone, 1 changed, .* would be freed\n$/);
  assert.deepEqual(names(), before);
  const ran = await offload(t, s, ['clean']);
  assert.deepEqual([ran.code, ran.stderr], [0, '']);
  assert.match(ran.stdout, /^offload clean: 3 URLs, 3 asked: 1 gone, 1 changed, 0 answered otherwise and kept, 0 not answered; .* 39\.1 KiB freed\n$/);
  assert.deepEqual([s.kinds('/same'), s.kinds('/gone'), s.kinds('/changed')], [['body', 'head'], [], []]);
  assert.ok(!existsSync(s.place('/gone').directory), 'empty directories go, too');
  assert.ok(Date.now() - statSync(s.file('/same', 'head')).mtimeMs < 60_000);
  assertWhole(await s.get('/same'), bodies.get('/same')!);
});

test('only files are asked about that the base last confirmed when the flags say', async (t) => {
  const s = await scene(t);
  await cached(s, ['/now', '/day', '/week']);
  validatedAgo(s, 24, '/day');
  validatedAgo(s, 7 * 24, '/week');
  const asked = async (...flags: string[]): Promise<string[]> => {
    s.origin.requests.length = 0;
    assert.equal((await offload(t, s, ['clean', '--dry-run', ...flags])).code, 0);
    assert.equal(s.origin.count('GET'), 0);
    return s.origin.requests.map(({ path }) => path).sort();
  };
  assert.deepEqual(await asked(), ['/day', '/week']);
  assert.deepEqual(await asked('--older-than', '2d'), ['/week']);
  assert.deepEqual(await asked('--older-than', '0', '--younger-than', '2d'), ['/day', '/now']);
});

test('a base that is down, in trouble, or has lost all files empties nothing', async (t) => {
  const s = await scene(t);
  const paths = Array.from({ length: 14 }, (_, i) => `/f${i}`);
  await cached(s, paths);
  validatedAgo(s, 5, ...paths);
  const intact = () => assert.ok(paths.every((path) => s.kinds(path).join() === 'body,head'));
  for (const path of paths) s.origin.replace(path, { status: 503 });
  const failing = await offload(t, s, ['clean', '--rate', '1000']);
  assert.equal(failing.code, 1);
  assert.match(failing.stderr, /\/f\d+: base answers 503/);
  intact();
  for (const path of paths) s.origin.remove(path);
  const lost = await offload(t, s, ['clean', '--rate', '1000']);
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /has none of 14 files: nothing was removed for it; if that is right: offload purge '\*'/);
  intact();
  await s.origin.refuse();
  const down = await offload(t, s, ['clean', '--rate', '1000']);
  assert.equal(down.code, 1);
  assert.match(down.stderr, /ECONNREFUSED[^]*does not answer: stopped/);
  intact();
});

test('left-overs of killed processes go; what somebody fills stays', async (t) => {
  const s = await scene(t, { leavesLocks: true });
  await cached(s, ['/whole']);
  const gate = new Gate(10_000);
  const body = s.pattern('/running', 20_000, { hold: gate });
  const client = await s.start('/running', { check: checks(body) });
  await client.waitForBody(10_000);
  const { lock, part } = await leavePart(s, '/dead', s.pattern('/dead', 20_000), 5000);
  forgeLock(lock, { pid: await deadPid(), start: '1' });
  const young = await leavePart(s, '/young', s.pattern('/young', 20_000), 5000);
  const { directory } = s.place('/whole');
  const trash = ['tmp.1.x', 'v.verdict', 'v.mark'].map((name) => join(directory, name));
  for (const path of trash) writeFileSync(path, '{}');
  const { slots } = new Layout(s.cacheDir);
  mkdirSync(slots, { mode: 0o700 });
  forgeLock(join(slots, 'dead.0'), { pid: await deadPid(), start: '1' });
  forgeLock(join(slots, 'living.0'));
  old(part, s.file('/dead', 'mark'), ...trash);
  const { code, stdout } = await offload(t, s, ['clean']);
  assert.equal(code, 0);
  assert.match(stdout, /1 part, 1 lock, 1 slot, 3 other left-overs; 4\.9 KiB freed/);
  assert.deepEqual([s.kinds('/dead'), s.kinds('/whole'), readdirSync(slots)], [['head'], ['body', 'head'], ['living.0']]);
  assert.ok(existsSync(young.part) && s.kinds('/running').includes('lock'));
  gate.release();
  assertWhole(await client.done, body);
});

test('a run that is interrupted is continued by the next one, and asks no faster than it may', async (t) => {
  const s = await scene(t);
  const paths = Array.from({ length: 12 }, (_, i) => `/f${i}`);
  await cached(s, paths);
  validatedAgo(s, 5, ...paths);
  const began = performance.now();
  const first = await start(t, s, ['clean', '--rate', '10']);
  const notedBy = () => paths.filter((path) => Date.now() - statSync(s.file(path, 'head')).mtimeMs < 60_000);
  await waitUntil(() => notedBy().length >= 5, { what: 'five answers' });
  first.child.kill('SIGKILL');
  assert.ok(performance.now() - began > 350, 'ten a second');
  await first.done;
  const noted = notedBy();
  s.origin.requests.length = 0;
  assert.equal((await offload(t, s, ['clean', '--rate', '1000'])).code, 0);
  assert.deepEqual(s.origin.requests.map(({ path }) => path).sort(), paths.filter((path) => !noted.includes(path)).sort());
  assert.ok(s.origin.requests.length < 12);
});

test('on a terminal a bar shows how far it is; in cron there is one line', async (t) => {
  const s = await scene(t);
  await cached(s, ['/a', '/b\u001b[31m']);
  const run = async (isTTY: boolean) => {
    const seen = { stdout: '', stderr: '' };
    const io = {
      stdin: process.stdin,
      stdout: { write: (text: unknown) => (seen.stdout += String(text)) },
      stderr: { isTTY, write: (text: unknown) => (seen.stderr += String(text)) },
    };
    const flags = ['--base', s.origin.url, '--cache-dir', s.cacheDir, '--older-than', '0'];
    assert.equal(await runCommand(CLEAN, flags, io), 0);
    return seen;
  };
  const shown = await run(true);
  assert.match(shown.stderr, /^\r\[ *=* *\] +\d+% \/.*\u001b\[K\r\u001b\[K$/);
  assert.ok(!shown.stderr.includes('\u001b[31m'), 'a URL cannot colour a terminal');
  const quiet = await run(false);
  assert.equal(quiet.stderr, '');
  assert.match(quiet.stdout, /^offload clean: [^\n]+\n$/);
});

test('a cache that is not there is not made, and bad flags are refused', async (t) => {
  const s = await scene(t);
  for (const command of ['clean', 'verify', 'ls']) {
    const { code, stderr } = await offload(t, s, [command]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`^offload ${command}: OffloadCacheDir /\\S+: is not there; name the right one`));
  }
  assert.ok(!existsSync(s.cacheDir));
  const { code, stderr } = await offload(t, s, ['clean', '--older-than', 'yesterday']);
  assert.deepEqual([code, stderr], [2, 'offload clean: --older-than yesterday: not a duration; write one like 500ms, 45s, 10m, 2h or 1d\n']);
});
