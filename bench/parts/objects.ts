import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Layout } from '../../src/cache/layout.js';
import { makeRoom } from '../../src/cache/space.js';
import { readUsage, usedBytes, writeUsage } from '../../src/cache/usage.js';
import { offloadCgi } from '../../test/support/build.js';
import { cgiEnvironment } from '../../test/support/cgi.js';
import { startOrigin } from '../../test/support/origin.js';
import { tempDir } from '../../test/support/place.js';
import { waitUntil } from '../../test/support/wait.js';
import { runMeasured } from '../measure/cpu.js';
import { shuffled, summarize } from '../measure/statistics.js';
import type { Context, Part } from '../part.js';
import type { Row } from '../report/table.js';

const URL = '/file.zip';
const HIT = /^Cache-Status: .*hit/m;
/** Of each of the other objects. */
const BYTES = 16;
/** One file has so many names: ext4 allows 65,000. */
const NAMES = 30_000;
const ROOM = '50G';

interface Filled {
  readonly objects: number;
  readonly layout: Layout;
  readonly env: Readonly<Record<string, string>>;
}

/** What the number of objects in the cache costs: a hit nothing, a filler that needs room a bounded step. */
export const objectsPart: Part = {
  name: 'objects',
  summary: 'CPU of a hit, and of making room, with 100 to 1,000,000 objects in the cache',
  run: async (context) => {
    const { scope, quick, progress } = context;
    const origin = await startOrigin(scope);
    origin.file(URL, { body: { seed: 1, size: 8192 } });
    const caches: Filled[] = [];
    for (const objects of quick ? [100, 10_000] : [100, 10_000, 1_000_000]) {
      progress(`a cache of ${objects} objects is being made`);
      const layout = new Layout(join(tempDir(scope), 'cache'));
      // Node's own removal takes an hour for the largest.
      scope.after(() => execFileSync('rm', ['-rf', layout.root]));
      fillCache(layout, origin.url, objects);
      const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: layout.root, OFFLOAD_CACHE_SIZE: ROOM, OFFLOAD_KEEP_FREE: '0' };
      caches.push({ objects, layout, env: cgiEnvironment({ url: URL, settings }, await offloadCgi()) });
    }
    const hits = await measureHits(context, caches);
    const rows: Row[] = [];
    for (const [i, { objects, layout }] of caches.entries()) {
      progress(`room is made among ${objects} objects`);
      rows.push({ name: `${objects} objects`, own: true, cells: [...(hits[i] ?? []), ...(await measureRoom(layout, quick ? 3 : 15))] });
    }
    return [
      {
        name: 'objects',
        title: 'What the number of objects in the cache costs',
        columns: [
          { title: 'CPU of a hit', unit: 'ms', digits: 1 },
          { title: 'of the first row', unit: '', digits: 2 },
          { title: 'CPU of making room once', unit: 'ms', digits: 1 },
          { title: 'objects that go', unit: '', digits: 0 },
        ],
        rows,
        charted: [],
        notes: [
          'A hit: a process of offload.cgi, run directly, the caches in random order; ratios are taken within each round.',
          `Objects of ${BYTES} bytes, in directories of their own; the file system's own caches are warm.`,
          'Medians, and in parentheses the quartiles.',
        ],
      },
    ];
  },
};

/** Lays objects out as fills would, but that many bodies and records are one file. */
function fillCache(layout: Layout, origin: string, objects: number): void {
  const counts = Array.from({ length: 256 }, () => 0);
  const text = 'x'.repeat(BYTES);
  const [body, head] = [join(layout.root, 'body'), join(layout.root, 'head')];
  mkdirSync(layout.root, { mode: 0o700 });
  for (let i = 0; i < objects; i++) {
    if (i % NAMES === 0) for (const file of [body, head]) writeFileSync(replaced(file), text);
    const place = layout.url(origin, `/objects/${i}`);
    const path = place.body('v');
    mkdirSync(dirname(path), { recursive: true });
    linkSync(body, path);
    linkSync(head, place.head('v'));
    counts[layout.shardOf(path)]! += BYTES;
  }
  for (const file of [body, head]) unlinkSync(file);
  for (const [shard, bytes] of counts.entries()) writeUsage(layout, shard, bytes);
}

function replaced(file: string): string {
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) unlinkSync(file);
  return file;
}

/** For each cache: milliseconds, and as a multiple of the first. */
async function measureHits({ quick, progress }: Context, caches: readonly Filled[]) {
  const rounds = quick ? 5 : 61;
  const script = await offloadCgi();
  const hit = async (env: Filled['env']) => runMeasured([process.execPath, script], env);
  for (const { env } of caches) await waitUntil(async () => HIT.test((await hit(env)).stdout.toString('latin1')), { what: 'a hit' });
  progress(`${rounds} rounds of a hit in each`);
  const times = caches.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const cache of shuffled(caches)) times[caches.indexOf(cache)]?.push((await hit(cache.env)).cpu / 1000);
  }
  return times.map((list) => [summarize(list), summarize(list.map((ms, round) => ms / (times[0]?.[round] ?? Number.NaN)))]);
}

/** Milliseconds of CPU, and how many objects went. */
async function measureRoom(layout: Layout, times: number) {
  const cpu: number[] = [];
  const gone: number[] = [];
  for (let i = 0; i < times; i++) {
    const used = usedBytes(layout);
    // One object is too much.
    const limits = { cacheSize: { bytes: used }, keepFree: { bytes: 0 } };
    const before = process.cpuUsage();
    await makeRoom(layout, BYTES, limits);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
    gone.push((used - usedBytes(layout)) / BYTES);
    if (readUsage(layout).includes(undefined)) throw new Error('the cache was not counted');
  }
  return [summarize(cpu), summarize(gone)];
}
