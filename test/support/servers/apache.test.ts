import { strict as assert } from 'node:assert';
import { chmodSync, existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exchange, fetchRaw } from '../client.js';
import { patternBytes, patternHash } from '../pattern.js';
import { commandLine, processesOf } from '../processes.js';
import { waitUntil } from '../wait.js';
import { startApache } from './apache.js';
import { handOver, lacking, serverDir } from './server.js';

test('Apache without directives is a plain base: ranges, and an ETag of size and time', { skip: lacking('apache2') }, async (t) => {
  const dir = serverDir(t);
  const file = join(dir, 'htdocs/a.zip');
  mkdirSync(join(dir, 'htdocs'));
  writeFileSync(file, patternBytes(1, 0, 50_000));
  handOver(join(dir, 'htdocs'), file);
  // In a file's first second Apache's ETag is weak: it might change once more.
  utimesSync(file, new Date(), new Date(Date.now() - 3_600_000));
  const server = await startApache(t, { dir });
  const whole = await fetchRaw({ to: server.port, path: '/a.zip' });
  assert.deepEqual([whole.status, whole.sha256], [200, patternHash({ seed: 1, size: 50_000 })]);
  assert.equal(whole.headers.get('Content-Type'), 'application/zip');
  const microseconds = statSync(file, { bigint: true }).mtimeNs / 1000n;
  assert.equal(whole.headers.get('ETag'), `"${(50_000).toString(16)}-${microseconds.toString(16)}"`);
  const part = await fetchRaw({ to: server.port, path: '/a.zip', headers: { Range: 'bytes=10-19' } });
  assert.deepEqual([part.status, part.sha256], [206, patternHash({ seed: 1, size: 50_000 }, 10, 20)]);
});

test('a server whose configuration is wrong says so at once', { skip: lacking('apache2') }, async (t) => {
  await assert.rejects(startApache(t, { config: () => 'NoSuchDirective on' }), /NoSuchDirective/);
});

test('a script that dies before Apache looks at its output gets another Content-Length: its short file looks complete', { skip: lacking('apache2') }, async (t) => {
  const dir = serverDir(t);
  const script = join(dir, 'short.cgi');
  const header = String.raw`Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2000\r\n\r\n%01000d`;
  writeFileSync(script, `#!/bin/sh\n>${dir}/started\nwhile [ ! -e ${dir}/go ]; do sleep 0.01; done\nprintf '${header}' 0\n>${dir}/over\n`);
  chmodSync(script, 0o755);
  const server = await startApache(t, { dir, config: () => `ScriptAlias / ${script}/\nSetEnv ap_trust_cgilike_cl 1` });
  const running = exchange({ to: server.port, path: '/x' });
  await waitUntil(() => existsSync(join(dir, 'started')));
  const apache = processesOf(dir).filter((pid) => commandLine(pid).includes('apache2'));
  for (const pid of apache) process.kill(pid, 'SIGSTOP');
  writeFileSync(join(dir, 'go'), '');
  await waitUntil(() => existsSync(join(dir, 'over')) && !processesOf(dir).some((pid) => commandLine(pid).includes('short.cgi')));
  for (const pid of apache) process.kill(pid, 'SIGCONT');
  const answer = await running.done;
  assert.deepEqual([answer.status, answer.length, answer.headers.get('Content-Length'), answer.complete], [200, 1000, '1000', true]);
});
