import { strict as assert } from 'node:assert';
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Entry } from '../../src/access-log/entry.js';
import { formatLine } from '../../src/access-log/line.js';
import { Layout } from '../../src/cache/layout.js';
import { hitRatio, spared } from '../../src/status/counts.js';
import { DAY, History, HOUR } from '../../src/status/history.js';
import { LoggedHistory } from '../../src/status/logs.js';
import { tempDir } from '../support/place.js';

const NOW = Date.UTC(2026, 10, 22, 16, 25, 30);

function entry(change: Partial<Entry> = {}): Entry {
  return { time: NOW - 60_000, host: '192.0.2.1', method: 'GET', url: '/a.zip', protocol: 'HTTP/1.1', status: 200, bytes: 1000, cache: 'hit', sent: 'all', ms: 1, pulled: 0, ...change };
}

function stage(t: TestContext) {
  const dir = tempDir(t);
  const cache = join(dir, 'cache');
  mkdirSync(cache);
  const log = join(dir, 'access.log');
  const write = (count: number, change: Partial<Entry> = {}, format: 'combined' | 'json' = 'combined') => {
    for (let i = 0; i < count; i++) appendFileSync(log, formatLine(entry(change), format));
  };
  // Each time a new reader, as another run of the command is.
  const counted = async () => (await new LoggedHistory(log, new Layout(cache)).update(NOW)).summary(NOW, DAY).counts;
  return { dir, cache, log, write, counted };
}

test('what was sent, pulled, spared: lines of requests and of fills, in both formats', async (t) => {
  const { write, counted } = stage(t);
  for (const format of ['combined', 'json'] as const) {
    write(1, { cache: 'miss' }, format);
    write(1, { cache: 'fill', method: 'FILL', bytes: 0, pulled: 1000 }, format);
    write(6, {}, format);
    write(1, { cache: 'follow' }, format);
    write(1, { cache: 'stale', status: 206, bytes: 10, sent: 'left' }, format);
    write(1, { cache: 'pass', pulled: 500, bytes: 500, sent: 'cut' }, format);
    write(1, { method: 'HEAD', bytes: 0 }, format);
    write(1, { status: 404, cache: '-', bytes: 20 }, format);
  }
  const counts = await counted();
  assert.deepEqual(counts, {
    requests: 24, answers: 20, hits: 14, follows: 2, misses: 2, passes: 2, sent: 2 * 8530, handed: 0, pulled: 3000, fills: 2, failedFills: 0, cut: 2, left: 2,
  });
  assert.equal(hitRatio(counts), 0.8);
  assert.equal(spared(counts), 2 * 8530 - 3000);
});

test('each line is counted once, however often it is read: half lines, renamed, copied and emptied logs', async (t) => {
  const { log, write, counted, dir } = stage(t);
  assert.equal((await counted()).requests, 0, 'no log yet');
  write(3, { url: '/first' });
  assert.equal((await counted()).requests, 3);
  assert.equal((await counted()).requests, 3);
  const line = formatLine(entry(), 'combined');
  appendFileSync(log, line.slice(0, 40));
  assert.equal((await counted()).requests, 3);
  appendFileSync(log, line.slice(40));
  assert.equal((await counted()).requests, 4);

  // Renamed, with lines that nobody has read yet; twice between two looks.
  write(2);
  renameSync(log, `${log}.1`);
  write(5, { url: '/second' });
  renameSync(`${log}.1`, `${log}.2`);
  renameSync(log, `${log}.1`);
  write(1, { url: '/third' });
  assert.equal((await counted()).requests, 12);
  assert.equal((await counted()).requests, 12);

  // logrotate's copytruncate, with dateext.
  write(4);
  copyFileSync(log, `${log}-20261122`);
  truncateSync(log);
  write(2, { url: '/fourth' });
  assert.equal((await counted()).requests, 18);
  writeFileSync(`${log}.9.gz`, line);
  assert.equal((await counted()).requests, 18, `a compressed one is none of ours: ${readdirSync(dir).join(' ')}`);
});

test('what is no line of ours is left out, and nobody can be made to count more than was written', async (t) => {
  const { log, write, counted } = stage(t);
  write(1);
  const junk = ['', 'junk', '{"time":1}', '{"time":"x","url":1}', '{', '[', 'x'.repeat(3_000_000), '192.0.2.1 - - [22/Nov/2026:16:17:29 +0000] "GET / HTTP/1.1" 200 17 "-" "-"', '- - - [99/Xxx/2026:16:17:29 +0000] "GET / HTTP/1.1" 200 1 "-" "-" cache=hit sent=all ms=1 pulled=0'];
  appendFileSync(log, `${junk.join('\n')}\n`);
  write(1, { url: '/" cache=hit sent=all ms=1 pulled=99999', agent: '" cache=fill sent=- ms=1 pulled=12345', referer: '\n- - -' });
  write(1, { time: NOW + 10 * DAY });
  const { requests, pulled } = await counted();
  assert.deepEqual([requests, pulled], [3, 0]);
});

test('an hour, a day and a month each count their own time, out of order too, and keep a bounded memory', () => {
  const history = new History();
  const add = (time: number, url = '/a') => history.add({ ...entry({ time, url }), sent: 'all' });
  for (let hour = 40 * 24; hour >= 0; hour--) for (let i = 0; i < 10; i++) add(NOW - hour * HOUR - i, hour > 24 ? `/old-${hour}-${i}` : `/new-${i}`);
  // A download that began long ago is logged when it ends.
  add(NOW - 20 * DAY, '/film');
  assert.equal(history.summary(NOW, HOUR).counts.requests, 20, 'of this hour, and of an hour ago');
  assert.equal(history.summary(NOW, DAY).counts.requests, 250);
  assert.equal(history.summary(NOW, 30 * DAY).counts.requests, (30 * 24 + 1) * 10 + 1);
  assert.deepEqual(history.summary(NOW, DAY).top.first(1)[0]?.[0].slice(0, 5), '/new-');
  const text = JSON.stringify(history);
  assert.ok(text.length < 1_500_000, `${text.length} bytes`);
  const again = new History(JSON.parse(text));
  assert.deepEqual(again.summary(NOW, 30 * DAY).counts, history.summary(NOW, 30 * DAY).counts);
  const days = again.series(NOW, 30 * DAY, DAY);
  assert.equal(days.length, 30);
  assert.deepEqual(days.slice(-3, -1).map(({ counts }) => counts.requests), [240, 240]);
});

test('a file that stands out is found among more files than are remembered', () => {
  const history = new History();
  for (let i = 0; i < 50_000; i++) {
    history.add({ ...entry({ url: `/rare-${i}`, bytes: 10 }), sent: 'all' });
    if (i % 10 === 0) history.add({ ...entry({ url: '/popular', bytes: 1000 }), sent: 'all' });
  }
  assert.deepEqual(history.summary(NOW, HOUR).top.first(1), [['/popular', { requests: 5000, bytes: 5_000_000 }]]);
});
