import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, freePort, tempDir } from './place.js';
import { assertNoProcess, assertNoProcessesOf, killProcessesOf, processesOf, processRuns } from './processes.js';
import { waitUntil, within } from './wait.js';

test('what was made last is cleaned up first, and the directory at the very end', async (t) => {
  const seen: string[] = [];
  let dir = '';
  await t.test('a test with a directory', (inner) => {
    dir = tempDir(inner);
    mkdirSync(join(dir, 'a/b'), { recursive: true });
    writeFileSync(join(dir, 'a/b/c'), '');
    atEnd(inner, () => seen.push(`first, directory there: ${existsSync(dir)}`));
    atEnd(inner, () => seen.push('second'));
  });
  assert.deepEqual(seen, ['second', 'first, directory there: true']);
  assert.equal(existsSync(dir), false);
});

test('a directory goes though a process that is about to end still makes files there', async (t) => {
  let dir = '';
  await t.test('a test that leaves one', async (inner) => {
    dir = tempDir(inner);
    mkdirSync(join(dir, 'a'));
    spawn('/bin/sh', ['-c', 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); : > a/$i || exit; sleep 0.001; done'], { cwd: dir, stdio: 'ignore' });
    await waitUntil(() => existsSync(join(dir, 'a/1')));
  });
  assert.equal(existsSync(dir), false);
});

test('a free port can be listened on, and is outside the range of outgoing connections', async () => {
  const port = await freePort();
  assert.ok(port >= 10_000 && port < 32_768);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.close();
});

test('waiting ends when the thing is there, or says what was missing', async () => {
  let calls = 0;
  assert.equal(await waitUntil(() => ++calls >= 3 && 'there'), 'there');
  await assert.rejects(waitUntil(() => false, { timeout: 20, what: 'a unicorn' }), /waited 20 ms in vain for a unicorn/);
  await assert.rejects(within(new Promise(() => undefined), () => 'a dragon', 20), /waited 20 ms in vain for a dragon/);
});

test('a process that is left behind is found by its directory and named', async (t) => {
  const dir = tempDir(t);
  const child = spawn('/bin/sleep', ['60'], { env: { MARK: dir } });
  const pid = child.pid ?? 0;
  await waitUntil(() => processesOf(dir).includes(pid));
  await assert.rejects(assertNoProcess(pid, 20), /sleep 60/);
  await assert.rejects(assertNoProcessesOf(dir, 20), /sleep 60/);
  killProcessesOf(dir);
  await assertNoProcess(pid);
  assert.equal(processRuns(pid), false);
});
