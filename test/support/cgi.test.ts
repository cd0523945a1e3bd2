import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './build.js';
import { runCgi, startCgi } from './cgi.js';
import { assertNoProcess } from './processes.js';

const script = join(ROOT, 'test/fixtures/echo.cgi');

async function environment(url: string, headers: Record<string, string> = {}): Promise<Map<string, string>> {
  const { body } = await runCgi({ script, url, headers, settings: { OFFLOAD_BASE: 'http://b' } });
  return new Map(body.toString('latin1').trimEnd().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('a script gets a CGI/1.1 environment, and nothing of ours but PATH', async () => {
  process.env['OFFLOAD_TEST_LEAK'] = '1';
  const env = await environment('/x%20y/env', { Range: 'bytes=0-1', 'X-Odd': '' });
  delete process.env['OFFLOAD_TEST_LEAK'];
  assert.equal(env.get('GATEWAY_INTERFACE'), 'CGI/1.1');
  assert.equal(env.get('REQUEST_URI'), '/x%20y/env');
  assert.equal(env.get('PATH_INFO'), '/x y/env');
  assert.equal(env.get('HTTP_RANGE'), 'bytes=0-1');
  assert.equal(env.get('HTTP_X_ODD'), '');
  assert.equal(env.get('OFFLOAD_BASE'), 'http://b');
  assert.equal(env.get('PATH'), process.env['PATH']);
  assert.equal(env.has('HOME'), false);
  assert.equal(env.has('OFFLOAD_TEST_LEAK'), false);
});

test('bytes over 127 reach the environment as they are', async () => {
  const env = await environment("/\u00e9'%$\\/env", { 'If-None-Match': '"\u00ff\u0080"' });
  assert.equal(env.get('REQUEST_URI'), "/\u00e9'%$\\/env");
  assert.equal(env.get('HTTP_IF_NONE_MATCH'), '"\u00ff\u0080"');
});

test('a result tells status, fields, body and how the script ended', async () => {
  const whole = await runCgi({ script, url: '/bytes/100000' });
  assert.deepEqual([whole.status, whole.length, whole.complete, whole.exitCode, whole.signal], [200, 100_000, true, 0, null]);
  const short = await runCgi({ script, url: '/short/10/20' });
  assert.deepEqual([short.length, short.complete, short.signal], [10, false, 'SIGKILL']);
  assert.equal((await runCgi({ script, url: '/other' })).status, 404);
  await assert.rejects(runCgi({ script: '/bin/true', url: '/' }), /no header came: exit 0/);
  await assert.rejects(runCgi({ script: '/bin/no-such-script', url: '/' }), /could not start|ENOENT/);
});

test('a paused reader stops the script, and leaving ends it', async (t) => {
  const running = await startCgi({ script, url: '/bytes/10000000' }, t);
  await running.head;
  running.pause();
  assert.ok(running.sink.length < 1_000_000, `${running.sink.length} bytes came`);
  running.resume();
  await running.waitForBody(2_000_000);
  running.pause();
  running.leave();
  await assertNoProcess(running.pid);
});
