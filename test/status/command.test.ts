import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../src/cli/run.js';
import { STATUS } from '../../src/cli/commands/status.js';
import type { Report } from '../../src/status/report.js';
import { tempDir } from '../support/place.js';
import { scene, type Scene } from '../support/scene.js';

async function status(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = { stdin: process.stdin, stdout: { write: (text: string | Uint8Array) => (out += String(text)) }, stderr: { write: (text: string | Uint8Array) => (err += String(text)) } };
  const code = await runCommand(STATUS, args, io);
  return { code, out, err };
}

function flags({ settings }: Scene): string[] {
  return ['--base', settings['OFFLOAD_BASE'] ?? '', '--cache-dir', settings['OFFLOAD_CACHE_DIR'] ?? '', '--log', settings['OFFLOAD_LOG'] ?? '', '--keep-free', '0'];
}

async function report(stage: Scene, ...more: string[]): Promise<Report> {
  const { code, out, err } = await status([...flags(stage), '--json', ...more]);
  assert.equal(code, 0, err);
  return JSON.parse(out) as Report;
}

test('what a base was spared, as real requests left it in the log and the cache', async (t) => {
  const stage = await scene(t, { settings: { OFFLOAD_LOG: join(tempDir(t), 'access.log') } });
  stage.pattern('/film.mp4', 500_000);
  await stage.get('/film.mp4');
  await stage.idle();
  for (let i = 0; i < 3; i++) await stage.get('/film.mp4');
  await stage.get('/none');
  const { periods, fills, disk } = await report(stage);
  assert.deepEqual(Object.keys(periods), ['hour', 'day', 'month']);
  for (const period of Object.values(periods)) {
    const { requests, answers, hits, misses, sent, pulled, spared, hitRatio, errors, top } = period;
    assert.deepEqual({ requests, answers, hits, misses, pulled, spared, hitRatio, errors }, { requests: 5, answers: 4, hits: 3, misses: 1, pulled: 500_000, spared: sent - 500_000, hitRatio: 0.75, errors: [{ status: 404, times: 1 }] });
    assert.deepEqual(top, [{ url: '/film.mp4', requests: 4, bytes: 2_000_000 }]);
  }
  assert.deepEqual(fills, []);
  assert.equal(disk?.cache, 500_000);
  assert.ok(disk !== null && disk.free > 0 && disk.total > disk.free);
  assert.deepEqual(Object.keys((await report(stage, '--last', 'day')).periods), ['day']);

  const { out } = await status(flags(stage));
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(out, /^spared the base +1\.43 MiB +1\.43 MiB +1\.43 MiB$/m);
  assert.match(out, /^hit ratio +75 % +75 % +75 %$/m);
});

test('a running fill: how far, how fast, how many follow', async (t) => {
  const stage = await scene(t, { rate: 300_000, settings: { OFFLOAD_LOG: join(tempDir(t), 'access.log') } });
  stage.pattern('/big.iso', 3_000_000);
  const clients = [await stage.start('/big.iso'), await stage.start('/big.iso')];
  for (const client of clients) await client.waitForBody(1);
  const { fills } = await report(stage);
  assert.equal(fills?.length, 1);
  const [fill] = fills;
  assert.ok(fill !== undefined && fill.here > 0 && fill.here < 3_000_000, JSON.stringify(fill));
  assert.deepEqual([fill.url, fill.length, fill.followers], ['/big.iso', 3_000_000, 2]);
  assert.ok(fill.speed > 30_000 && fill.speed < 3_000_000, `${fill.speed} bytes/s`);
  const { out } = await status(flags(stage));
  assert.match(out, /^ +\d+(?:\.\d)? % {2}[\d.]+ [KM]?i?B of 2\.86 MiB, [\d.]+ [KM]?i?B\/s, 2 follow {2}\/big\.iso$/m);
  stage.origin.rate = Infinity;
  await Promise.all(clients.map(({ done }) => done));
});

test('without a log, without a cache, with a log that is none: it says so', async (t) => {
  const dir = tempDir(t);
  const base = ['--base', 'http://www.example.org', '--cache-dir', join(dir, 'none')];
  const bare = await status(base);
  assert.equal(bare.code, 0);
  assert.match(bare.out, /set OffloadLog/);
  assert.match(bare.out, /not there yet/);
  mkdirSync(join(dir, 'directory'));
  const broken = await status([...base, '--log', join(dir, 'directory')]);
  assert.equal(broken.code, 2);
  assert.match(broken.err, /OffloadLog .*directory: cannot be read \(EISDIR\); /);
  writeFileSync(join(dir, 'log'), '');
  const page = await status([...base, '--log', join(dir, 'log'), '--html', join(dir, 'no/page.html')]);
  assert.equal(page.code, 2);
  assert.match(page.err, /--html .*page\.html: cannot be written \(ENOENT\); /);
});
