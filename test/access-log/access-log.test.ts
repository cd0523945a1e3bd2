import { strict as assert } from 'node:assert';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { formatLine } from '../../src/access-log/line.js';
import { offloadCgi } from '../support/build.js';
import { cgiEnvironment } from '../support/cgi.js';
import { type Front, FRONTS, type Offload } from '../support/front.js';
import { type Origin, startOrigin } from '../support/origin.js';
import { tempDir } from '../support/place.js';
import { scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';
import { gist, readLog, waitForLines } from './lines.js';

const SIZE = 300_000;

interface Logged {
  readonly origin: Origin;
  readonly offload: Offload;
  readonly log: string;
}

async function logged(t: TestContext, front: Front, settings: Readonly<Record<string, string>> = {}): Promise<Logged> {
  const origin = await startOrigin(t);
  const log = join(tempDir(t), 'access.log');
  return { origin, log, offload: await front.open(t, origin, { OFFLOAD_LOG: log, ...settings }) };
}

for (const front of FRONTS.filter(({ name }) => name !== 'nph')) {
  test(`${front.name}: a request leaves one line of Combined Log Format, and so does a fill`, async (t) => {
    const { origin, offload, log } = await logged(t, front);
    origin.file('/a.zip', { body: { seed: 1, size: SIZE } });
    origin.file('/dynamic', { body: 'new each time', headers: { 'Cache-Control': 'no-store' } });
    const before = Math.floor(Date.now() / 1000) * 1000;
    await offload.ask('/a.zip', { headers: { 'User-Agent': 'curl/8.5', Referer: 'http://www.example.org/' } });
    await waitForLines(log, 2);
    await offload.ask('/a.zip');
    await offload.ask('/a.zip', { headers: { Range: 'bytes=10-19' } });
    await offload.ask('/a.zip', { method: 'HEAD' });
    await offload.ask('/none');
    await offload.ask('/a.zip?x');
    await offload.ask('/dynamic');
    const lines = await waitForLines(log, 8);
    assert.deepEqual(lines.slice(0, 2).map(gist).sort(), [`FILL /a.zip 200 - fill - ${SIZE}`, `GET /a.zip 200 ${SIZE} miss all 0`]);
    assert.deepEqual(lines.slice(2).map(gist), [
      `GET /a.zip 200 ${SIZE} hit all 0`,
      'GET /a.zip 206 10 hit all 0',
      'HEAD /a.zip 200 - hit all 0',
      `GET /none 404 ${lines[5]?.bytes} - all 0`,
      `GET /a.zip?x 403 ${lines[6]?.bytes} - all 0`,
      'GET /dynamic 200 13 pass all 13',
    ]);
    const first = lines.find(({ method }) => method === 'GET');
    assert.deepEqual([first?.host, first?.referer, first?.agent], ['127.0.0.1', 'http://www.example.org/', 'curl/8.5']);
    const time = Date.parse((first?.time ?? '').replaceAll('/', ' ').replace(':', ' '));
    assert.ok(time >= before - 1000 && time <= Date.now(), first?.time);
  });

  test(`${front.name}: no terminal escape, quote or line break of a client gets into the log, and a long line is still one write`, async (t) => {
    const { origin, offload, log } = await logged(t, front);
    origin.fallback = () => ({ body: 'x' });
    // node:http takes no control characters in a header, but the bytes that begin an escape sequence in Latin-1.
    const hostile = front.name === 'serve' ? 'a" 200 \\x\x9b31m\xff' : 'a" 200 \\x\x9b31m\xff\x1b]0;owned\x07\r\nforged - - "';
    await offload.ask('/"><img>\\', { headers: { 'User-Agent': hostile, Referer: hostile } });
    await offload.ask(`/${'"'.repeat(4_000)}`, { headers: { 'User-Agent': '"'.repeat(3_000), Referer: '\\'.repeat(3_000) } });
    const lines = (await waitForLines(log, 4)).filter(({ method }) => method === 'GET');
    assert.equal(lines.length, 2);
    assert.equal(lines[0]?.url, '/\\x22><img>\\x5c');
    const controls = front.name === 'serve' ? '' : '\\x1b]0;owned\\x07\\x0d\\x0aforged - - \\x22';
    assert.equal(lines[0]?.agent, `a\\x22 200 \\x5cx\\x9b31m\\xff${controls}`);
    assert.equal(lines[0]?.referer, lines[0]?.agent);
    assert.match(lines[1]?.url ?? '', /^\/(?:\\x22)+\.\.\.$/);
    assert.match(lines[1]?.agent ?? '', /^(?:\\x22)+\.\.\.$/);
  });

  test(`${front.name}: as JSON a line has the same`, async (t) => {
    const { origin, offload, log } = await logged(t, front, { OFFLOAD_LOG_FORMAT: 'json' });
    origin.file('/a.zip', { body: { seed: 1, size: SIZE } });
    await offload.ask('/a.zip', { headers: { 'User-Agent': '"\\\x9b' } });
    const written = () => (existsSync(log) ? readFileSync(log, 'latin1') : '');
    await waitUntil(() => /"GET".*\n/.test(written()) && /"FILL".*\n/.test(written()), { what: 'two lines' });
    const text = written();
    assert.match(text, /^(?:[\x20-\x7e]+\n)+$/);
    const entries = text.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    const last = entries.findLast(({ method }) => method === 'GET');
    assert.ok(Math.abs(Date.parse(String(last?.['time'])) - Date.now()) < 60_000);
    assert.ok(Number.isSafeInteger(last?.['ms']));
    assert.deepEqual({ ...last, time: 0, ms: 0, cache: '' }, { time: 0, host: '127.0.0.1', method: 'GET', url: '/a.zip', protocol: 'HTTP/1.1', status: 200, bytes: SIZE, agent: '\\x22\\x5c\\x9b', cache: '', sent: 'all', ms: 0, pulled: 0 });
  });

  test(`${front.name}: a log that cannot be written costs a warning, not an answer`, async (t) => {
    const fifo = join(tempDir(t), 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const log of [join(tempDir(t), 'no-such-directory/access.log'), fifo]) {
      const { origin, offload } = await logged(t, front, { OFFLOAD_LOG: log });
      origin.file('/a.zip', { body: 'all of it', headers: { 'Cache-Control': 'no-store' } });
      const requests = front.name === 'serve' ? 3 : 1;
      for (let i = 0; i < requests; i++) assert.equal((await offload.ask('/a.zip')).body.toString(), 'all of it');
      assert.equal(offload.log().split(`OffloadLog ${log}: `).length - 1, 1, offload.log());
    }
  });

  test(`${front.name}: a log may be renamed at any time; no line is lost`, async (t) => {
    const { origin, offload, log } = await logged(t, front);
    origin.fallback = () => ({ body: 'x', headers: { 'Cache-Control': 'no-store' } });
    let asked = 0;
    const askUntil = async (file: string, lines: number) => {
      while (readLog(file).length < lines) await offload.ask(`/${++asked}`);
    };
    await askUntil(log, 2);
    renameSync(log, `${log}.1`);
    await askUntil(log, 2);
    renameSync(`${log}.1`, `${log}.2`);
    renameSync(log, `${log}.1`);
    await askUntil(log, 1);
    const urls = () => [`${log}.2`, `${log}.1`, log].flatMap((file) => readLog(file).map(({ url }) => url));
    await waitUntil(() => urls().length >= asked, { what: 'the last line' });
    assert.deepEqual(urls(), Array.from({ length: asked }, (_, i) => `/${i + 1}`));
  });
}

test('many processes at once write whole lines, each its own', async (t) => {
  const dir = tempDir(t);
  const log = join(dir, 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log } });
  stage.origin.fallback = () => ({ body: 'x', headers: { 'Cache-Control': 'no-store' } });
  const urls = Array.from({ length: 30 }, (_, i) => `/${i}-${'long'.repeat(300)}`);
  await Promise.all(urls.map((url) => stage.get(url, { headers: { 'User-Agent': 'x'.repeat(400) } })));
  assert.deepEqual(readLog(log).map(({ url }) => url).sort(), urls.sort());
});

test('who follows a fill says so; what the fill pulls is in its own line, once', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log }, rate: 100_000 });
  stage.pattern('/a.zip', SIZE);
  const first = await stage.start('/a.zip');
  await first.waitForBody(1);
  const second = await stage.start('/a.zip');
  await second.waitForBody(1);
  stage.origin.rate = Infinity;
  await Promise.all([first.done, second.done]);
  await stage.idle();
  assert.deepEqual(readLog(log).map(gist).sort(), [`FILL /a.zip 200 - fill - ${SIZE}`, `GET /a.zip 200 ${SIZE} follow all 0`, `GET /a.zip 200 ${SIZE} miss all 0`]);
});

test('a far range is what just this request made the base send', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log } });
  stage.pattern('/big.iso', 400_000_000);
  await stage.get('/big.iso', { headers: { Range: 'bytes=300000000-300000099' } });
  await stage.idle();
  const lines = readLog(log).map(gist);
  assert.ok(lines.includes('GET /big.iso 206 100 pass all 100'), lines.join('\n'));
  assert.match(lines.find((line) => line.startsWith('FILL')) ?? '', /^FILL \/big\.iso 206 - fill - \d+$/);
});

test('handed over, the line says how much, and that only the web server knows what the client took', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log, OFFLOAD_HANDOFF: 'x-sendfile' } });
  stage.pattern('/a.zip', SIZE, { headers: { 'Content-Type': 'application/zip' } });
  await stage.get('/a.zip');
  await stage.idle();
  const { headers } = await stage.get('/a.zip', { headers: { Range: 'bytes=0-99' } });
  assert.ok(headers.get('X-Sendfile') !== undefined, 'handed over');
  assert.equal(readLog(log).map(gist).at(-1), 'GET /a.zip 206 100 hit handed 0');
});

test('a base that breaks off: what was sent, and that it was cut', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log, OFFLOAD_TIMEOUT: '5s' } });
  stage.pattern('/broken.bin', SIZE, { headers: { 'Cache-Control': 'no-store' }, script: ({ method }) => (method === 'GET' ? { cutAfter: 100_000 } : undefined) });
  const { length } = await stage.get('/broken.bin');
  assert.ok(length > 0 && length < SIZE);
  assert.deepEqual(readLog(log).map(gist), [`GET /broken.bin 200 ${length} pass cut ${length}`]);
});

test('a reader that leaves in the middle of the first write: what it took is counted', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log } });
  stage.pattern('/a.zip', 1_000_000);
  await stage.get('/a.zip');
  await stage.idle();
  const script = await offloadCgi();
  // A pipe takes 64 KiB; the script's writes are longer.
  const env = cgiEnvironment({ url: '/a.zip', settings: stage.settings }, script);
  await promisify(execFile)('/bin/sh', ['-c', '"$0" | head -c 100000', script], { env, encoding: 'buffer' });
  const line = (await waitForLines(log, 3)).at(-1);
  assert.ok(line !== undefined);
  assert.equal(gist(line), `GET /a.zip 200 ${line.bytes} hit left 0`);
  assert.ok(Number(line.bytes) > 99_000 && Number(line.bytes) < 200_000, line.bytes);
});

test('behind a trusted proxy the line has the client that the proxy names', async (t) => {
  const log = join(tempDir(t), 'access.log');
  const stage = await scene(t, { settings: { OFFLOAD_LOG: log, OFFLOAD_TRUSTED_PROXY: '127.0.0.1' } });
  await stage.get('/none', { headers: { 'X-Forwarded-For': '198.51.100.1, 192.0.2.9' } });
  assert.equal(readLog(log)[0]?.host, '192.0.2.9');
});

test('times are local, with the offset of their day, wherever the server stands', () => {
  const entry = { time: Date.UTC(2026, 6, 1, 1, 2, 3), method: 'GET', url: '/', protocol: 'HTTP/1.1', status: 200, bytes: 0, cache: '-', ms: 0, pulled: 0 } as const;
  const at = (zone: string) => {
    process.env['TZ'] = zone;
    return /\[(.*?)\]/.exec(formatLine(entry, 'combined'))?.[1];
  };
  const own = process.env['TZ'];
  try {
    assert.equal(at('UTC'), '01/Jul/2026:01:02:03 +0000');
    assert.equal(at('Asia/Kolkata'), '01/Jul/2026:06:32:03 +0530');
    assert.equal(at('America/St_Johns'), '30/Jun/2026:22:32:03 -0230');
    assert.equal(at('Europe/Berlin'), '01/Jul/2026:03:02:03 +0200');
  } finally {
    if (own === undefined) delete process.env['TZ'];
    else process.env['TZ'] = own;
  }
});
