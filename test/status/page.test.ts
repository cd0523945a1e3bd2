import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Layout } from '../../src/cache/layout.js';
import { History } from '../../src/status/history.js';
import { statusPage } from '../../src/status/page.js';
import { reportOf } from '../../src/status/report.js';
import { tempDir } from '../support/place.js';
import { busyPage, HOSTILE } from './make-page.js';

const CHROMIUM = '/usr/bin/chromium';
const needsChromium = { skip: !existsSync(CHROMIUM) && "needs Debian's chromium" };
// As root, and without a network.
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars'];
const NOW = Date.UTC(2026, 10, 22, 16, 25);

/** What Chromium makes of it: the DOM, or a screenshot. */
async function chromium(dir: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(CHROMIUM, [...FLAGS, `--user-data-dir=${dir}/profile`, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: dir }, maxBuffer: 1e8, timeout: 60_000 });
  return stdout;
}

function written(t: TestContext, page: string): { dir: string; url: string } {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'page.html'), page);
  return { dir, url: `file://${dir}/page.html` };
}

/** Width and height of a PNG, and how many bytes it took: an empty page takes few. */
function picture(path: string): { width: number; height: number; size: number } {
  const png = readFileSync(path);
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), size: png.length };
}

test('the page has charts, each with its table; nothing in it loads anything, and a hostile URL is text', () => {
  const page = busyPage(NOW);
  assert.equal(page.split('<figure>').length - 1, 5);
  assert.equal(page.split('<svg ').length, page.split('role="img" aria-label="').length - 1, 'each picture says what it shows; the disk is one, too');
  assert.equal(page.split('<summary>As a table').length - 1, 5);
  assert.doesNotMatch(page, /<script|<img|<link rel="stylesheet"|@import|url\(|<iframe|https?:\/\/(?!downloads\.example\.org)/);
  assert.ok(page.includes('/&quot;&gt;&lt;script&gt;'));
  assert.ok(page.length < 200_000, `${page.length} bytes`);
});

test('what Chromium shows: figures, a bar for each hour and day, no script of a hostile URL', needsChromium, async (t) => {
  const { dir, url } = written(t, busyPage(NOW));
  const dom = await chromium(dir, '--dump-dom', url);
  assert.match(dom, /<title>offload · https:\/\/downloads\.example\.org<\/title>/);
  const text = dom.replaceAll(/<style>[^]*?<\/style>/g, '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/(?:\s|&nbsp;)+/g, ' ');
  // Not `match`: it would print all of the page.
  assert.ok(/Spared the base, last 24 hours \d[\d.]* [GT]iB/.test(text), text.slice(0, 200));
  assert.ok(text.includes('Size on disk, last 30 days'));
  const columns = [...dom.matchAll(/<svg [^>]*aria-label="Traffic[^>]*>([^]*?)<\/svg>/g)].map(([, svg = '']) => svg.split('<g>').length - 1);
  assert.deepEqual(columns, [24, 30]);
  assert.ok(text.includes(HOSTILE.replaceAll('<', '&lt;').replaceAll('>', '&gt;')));
});

test('light, dark and on a phone of 360 pixels the page is drawn, and no wider than its window', needsChromium, async (t) => {
  // Chromium has no window narrower than 500 pixels; a frame is.
  const probe = `<!doctype html><title></title><iframe src="page.html" style="width:360px;height:3000px;border:0"></iframe><script>
    onload = () => { const { documentElement: page } = frames[0].document; document.title = [page.clientWidth, page.scrollWidth, getComputedStyle(frames[0].document.body).backgroundColor].join(' '); };</script>`;
  const { dir, url } = written(t, busyPage(NOW));
  writeFileSync(join(dir, 'probe.html'), probe);
  const measure = async (...flags: string[]) => /<title>(.*?)<\/title>/.exec(await chromium(dir, '--allow-file-access-from-files', ...flags, '--dump-dom', url.replace('page', 'probe')))?.[1];
  assert.equal(await measure(), '360 360 rgb(246, 247, 249)');
  assert.equal(await measure('--blink-settings=preferredColorScheme=0'), '360 360 rgb(18, 22, 27)');
  await chromium(dir, '--window-size=1280,1500', `--screenshot=${dir}/shot.png`, url);
  const { width, height, size } = picture(join(dir, 'shot.png'));
  assert.deepEqual([width, height], [1280, 1500]);
  assert.ok(size > 50_000, `${size} bytes`);
});

test('without requests, and without a log, the page says what to do', () => {
  const made = (log: string | undefined, history: History | undefined) =>
    statusPage(reportOf({ base: 'http://a', layout: new Layout('/none'), log, history, fills: [], disk: undefined }, NOW, ['day', 'month']), history, NOW);
  assert.match(made(undefined, undefined), /<code>OffloadLog/);
  assert.match(made('/var/log/offload/access.log', new History()), /No requests yet/);
  for (const page of [made(undefined, undefined), made('/l', new History())]) assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});
