import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fetchRaw, type RawRequest } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { serverDir } from '../support/servers/server.js';
import { startServe } from '../support/servers/serve.js';
import { waitUntil } from '../support/wait.js';

async function stage(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const origin = await startOrigin(t);
  origin.file('/a.zip', { body: { seed: 1, size: 100_000 } });
  const server = await startServe(t, { OFFLOAD_BASE: origin.url, OFFLOAD_KEEP_FREE: '0', ...settings });
  const ask = (path: string, request: Partial<RawRequest> = {}) => fetchRaw({ to: server.port, path, ...request });
  return { origin, server, ask };
}

test('/.offload/metrics: what this process did, as Prometheus reads it', async (t) => {
  const { ask } = await stage(t);
  const filled = async () => (await ask('/.offload/metrics')).body.includes('offload_fills_total{result="done"} 1\n');
  await ask('/a.zip');
  await waitUntil(filled, { what: 'the end of the fill' });
  for (const path of ['/a.zip', '/a.zip', '/none']) await ask(path);
  const { status, headers, body } = await ask('/.offload/metrics');
  const text = body.toString();
  assert.equal(status, 200);
  assert.equal(headers.get('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(headers.get('Cache-Control'), 'no-store');
  // Each sample stands below its HELP and TYPE, and a counter's name ends with _total.
  let name = '';
  for (const line of text.trimEnd().split('\n')) {
    const [, kind, metric, type] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') name = metric ?? '';
    else if (kind === 'TYPE') assert.ok(metric === name && (type === 'gauge' || (type === 'counter' && name.endsWith('_total'))), line);
    else assert.match(line, new RegExp(`^${name}(?:\\{[a-z]+="[^"\\\\\\n]*"\\})? \\d[\\d.e+-]*$`));
  }
  const value = (sample: string) => Number(text.split('\n').find((line) => line.startsWith(`${sample} `))?.split(' ')[1]);
  assert.equal(value('offload_requests_total{cache="hit"}'), 2);
  assert.equal(value('offload_requests_total{cache="miss"}'), 1);
  assert.equal(value('offload_responses_total{code="200"}'), 3);
  assert.equal(value('offload_responses_total{code="404"}'), 1);
  assert.equal(value('offload_pulled_bytes_total'), 100_000);
  assert.ok(value('offload_sent_bytes_total') > 300_000);
  assert.equal(value('offload_fills_total{result="done"}'), 1);
  assert.equal(value('offload_requests_running'), 0);
  assert.equal(value('offload_cache_bytes'), 100_000);
});

test('/.offload/status is the page of offload status; without a log it has what this process has seen', async (t) => {
  for (const settings of [{}, { OFFLOAD_LOG: join(serverDir(t), 'access.log') }]) {
    const { ask } = await stage(t, settings);
    for (let i = 0; i < 4; i++) await ask('/a.zip');
    const { status, headers, body } = await ask('/.offload/status');
    assert.equal(status, 200);
    assert.match(headers.get('Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.match(body.toString(), /Hit ratio, last 24 hours<\/dt><dd><span class="figure">75\u00a0%</);
    assert.equal((await ask('/.offload/status', { method: 'HEAD' })).length, 0);
  }
});

test('all others are answered as for any file of the base: a proxy on this machine does not make its clients local', async (t) => {
  const { ask, origin } = await stage(t);
  const asked = async (request: Partial<RawRequest>) => (await ask('/.offload/metrics', request)).status;
  assert.equal(await asked({}), 200);
  assert.equal(await asked({ headers: { Host: 'localhost' } }), 200);
  assert.equal(origin.count(), 0);
  const proxies: Partial<RawRequest>[] = [
    { headers: { 'X-Forwarded-For': '127.0.0.1' } },
    { headers: { Forwarded: 'for=127.0.0.1' } },
    { headers: { Via: '1.1 proxy' } },
    { headers: { 'X-Real-IP': '127.0.0.1' } },
    { headers: { Host: 'offload.example.org' } },
    { version: 'HTTP/1.0' },
  ];
  for (const request of proxies) assert.equal(await asked(request), 404, JSON.stringify(request));
  assert.equal(origin.count('HEAD', '/.offload/metrics'), proxies.length);
  assert.equal((await ask('/.offload/metrics', { method: 'POST' })).status, 405);
});

test('OffloadStatusAllow lists others; behind a trusted proxy its client counts, not the proxy', async (t) => {
  const { ask } = await stage(t, { OFFLOAD_TRUSTED_PROXY: '127.0.0.1', OFFLOAD_STATUS_ALLOW: '192.0.2.0/24 2001:db8::/32' });
  const from = async (headers: Readonly<Record<string, string>>) => (await ask('/.offload/metrics', { headers })).status;
  assert.equal(await from({ 'X-Forwarded-For': '192.0.2.7' }), 200);
  assert.equal(await from({ Forwarded: 'for="[2001:db8::9]"' }), 200);
  assert.equal(await from({ 'X-Forwarded-For': '198.51.100.1' }), 404);
  assert.equal(await from({ 'X-Forwarded-For': '192.0.2.7, 198.51.100.1' }), 404, 'what the client made up itself');
  assert.equal(await from({ 'X-Forwarded-For': '198.51.100.1', Forwarded: 'for=192.0.2.7' }), 404, 'one of the two is made up');
  assert.equal(await from({}), 404, 'a proxy that does not say whom it speaks for');
});
