// What `ps` shows of each process while it works.
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { showTitle } from '../../src/host/title.js';
import { offloadCgi } from '../support/build.js';
import { fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { commandLine } from '../support/processes.js';
import { scene } from '../support/scene.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;

/** Waits until `ps` shows what is expected. */
function shown(pid: number, expected: RegExp): Promise<unknown> {
  return waitUntil(() => expected.test(commandLine(pid)), { what: () => `${expected} in ps: ${JSON.stringify(commandLine(pid))}` });
}

test('CGI and filler: method, path and how far; of a path too long the end', async (t) => {
  // The processes must live for two seconds or so.
  const s = await scene(t, { rate: 4 * MIB });
  const script = join(s.dir, 'a-directory-as-deep-as-cgi-bin/offload.cgi');
  mkdirSync(dirname(script));
  copyFileSync(await offloadCgi(), script);
  s.pattern('/file.zip', 10 * MIB);
  const running = await s.start('/file.zip', { script });
  await shown(running.pid, /^offload: GET \/file\.zip [1-9]\d?%$/);
  await shown(await s.filler(), /^offload: fill \/file\.zip [1-9]\d?%$/);
  assert.equal((await running.done).length, 10 * MIB);
  await s.idle();

  const odd = `/${'long/'.repeat(80)}\xe9nd.zip`;
  s.pattern(odd, 10 * MIB);
  const long = await s.start(odd, { script });
  await shown(long.pid, /^offload: GET \.\.[!-~]*\/long\/\?nd\.zip [1-9]\d?%$/);
  await shown(await s.filler(), /^offload: fill \.\.[!-~]*\/long\/\?nd\.zip [1-9]\d?%$/);
  assert.equal((await long.done).length, 10 * MIB);
});

test('terminal escapes never reach ps', () => {
  const { title } = process;
  showTitle('GET', '/a\x1b]0;x\x07 b\nc', ' 3%');
  assert.equal(commandLine(process.pid), 'offload: GET /a?]0;x??b?c 3%');
  process.title = title;
});

test('serve: where it listens, and how many downloads run', async (t) => {
  const origin = await startOrigin(t, { rate: MIB });
  origin.file('/a.zip', { body: { seed: 1, size: 3 * MIB } });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0' });
  await shown(server.pid, new RegExp(`^offload: serve 127\\.0\\.0\\.1:${server.port}, 0 downloads$`));
  const running = fetchRaw({ to: server.port, path: '/a.zip' });
  await shown(server.pid, /, 1 download$/);
  await running;
  await shown(server.pid, /, 0 downloads$/);
});
