// Whatever lies in the files of the cache: no crash, no hang, and nothing of it is believed that isn't whole.
import { strict as assert } from 'node:assert';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Layout, UrlPlace } from '../../src/cache/layout.js';
import { LockWatch } from '../../src/cache/lock.js';
import { readRecords } from '../../src/cache/record.js';
import { readVerdict } from '../../src/cache/verdict.js';
import { fileName } from '../../src/file-name.js';
import { deadPid, forgeLock, leavePart } from '../support/forge.js';
import { tempDir } from '../support/place.js';
import { fuzz, type Random } from '../support/random.js';
import { assertWhole, scene } from '../support/scene.js';

const JSON_PIECES = ['{', '}', '[', ']', '"', ',', ':', 'null', 'true', '-1', '1e999', '"token"', '"host"', '"pid"', '"start"', '"filling"', '"url"', '"fields"', '"__proto__"', '"kind"', '\\u0000', '\\', '0'];

/** JSON that is right, nearly right, or of other types than it should be. */
function nearly(random: Random, right: object): string {
  const text = JSON.stringify(right);
  switch (random.below(5)) {
    case 0:
      return random.text(JSON_PIECES, 20);
    case 1:
      return text.slice(0, random.below(text.length));
    case 2:
      return '\0'.repeat(random.below(600));
    case 3:
      return JSON.stringify(Object.fromEntries(Object.entries(right).map(([name, value]: [string, unknown]) => [name, random.below(3) === 0 ? random.pick([null, 0, -1, 1e308, '', [], {}, [[]], [['a']], [[1, 2]], true]) : value])));
    default:
      return random.mutate(text);
  }
}

test('locks: free, dead or held, and never held by what is no claim for longer than its silence', (t) => {
  const path = join(tempDir(t), 'x.lock');
  return fuzz(1500, (random) => {
    forgeLock(path);
    const right = JSON.parse(readFileSync(path, 'latin1')) as object;
    writeFileSync(path, nearly(random, right), 'latin1');
    const { state } = new LockWatch(path).look();
    assert.ok(['free', 'dead', 'held'].includes(state));
    rmSync(path);
  });
});

test('records and verdicts: one of this URL and version, or none', (t) => {
  const layout = new Layout(tempDir(t));
  const place = layout.url('http://base', '/a');
  mkdirSync(place.directory, { recursive: true });
  return fuzz(1500, (random) => {
    const stored = { url: '/a', length: 10, etag: '"a"', lastModified: 'Tue, 01 Sep 2026 08:00:00 GMT', date: 1, fields: [['ETag', '"a"']] };
    const id = '10,tkoe80,_22a_22';
    writeFileSync(place.head(id), nearly(random, stored), 'latin1');
    for (const { version, fields } of readRecords(place, '/a')) {
      assert.equal(version.id, id);
      for (const [name, value] of fields.list) assert.ok(typeof name === 'string' && typeof value === 'string', JSON.stringify(fields.list));
    }
    assert.deepEqual(readRecords(place, '/b'), []);
    writeFileSync(place.verdict(id), nearly(random, { kind: 'base', reason: 'x', status: 502, token: 'T' }), 'latin1');
    const verdict = readVerdict(place, id, new Set(['T']), Date.now());
    if (verdict === undefined) return;
    const { status = 502 } = verdict;
    assert.ok(status >= 300 && status < 600, JSON.stringify(verdict));
  });
});

test('names: any text has one that stays in its directory, and no two texts have the same', () => {
  const names = new Map<string, string>();
  return fuzz(20_000, (random) => {
    const text = random.text(['/', '.', '..', ',', '_', '_2f', '~', '\0', 'a', 'A', '-', 'é', 'x'.repeat(70)], 6);
    const name = fileName(text);
    assert.match(name, /^(?:[A-Za-z0-9,_-][A-Za-z0-9.,_~-]*)?$/);
    assert.ok(name.length <= 122);
    assert.equal(names.get(name) ?? text, text);
    names.set(name, text);
    const parsed = UrlPlace.parse(random.mutate(`${name.replaceAll('.', '_2e')}.body.zip`));
    assert.ok(parsed === undefined || !parsed.version.includes('/'));
  });
});

// The same through the program: whatever lies there, a client gets the base's bytes.
test('a cache with garbage in every file still serves what the base has', async (t) => {
  const dead = await deadPid();
  await fuzz(12, async (random) => {
    const s = await scene(t, { leavesLocks: true });
    const body = s.pattern('/a', 100_000);
    const left = await leavePart(s, '/a', body, random.pick([0, 1000, 100_000]));
    const place = s.place('/a');
    forgeLock(left.lock, { pid: dead });
    for (const path of [place.head(left.id), left.lock, place.verdict(left.id), place.mark(left.id)]) {
      const right = path === place.verdict(left.id) ? { kind: 'base', reason: 'x', token: 'T' } : (JSON.parse(readFileSync(path, 'latin1')) as object);
      // A claim that is none is believed for the ten seconds that its owner may need to write it.
      if (path !== left.lock) writeFileSync(path, nearly(random, right), 'latin1');
      else if (random.below(2) === 0) rmSync(path);
    }
    // Another file than the one that the mark is about.
    if (random.below(2) === 0) {
      writeFileSync(`${left.part}.new`, random.bytes(2000), 'latin1');
      renameSync(`${left.part}.new`, left.part);
    }
    if (random.below(2) === 0) writeFileSync(left.body, random.bytes(2000), 'latin1');
    const first = await s.get('/a');
    assert.doesNotMatch(first.stderr + first.body.toString('latin1'), /fault|offload\.cgi:\d/);
    // Other bytes under a strong ETag are found out when they are compared: then the first client is told so.
    if (first.status !== 502) assertWhole(first, body);
    await s.idle();
    assertWhole(await s.get('/a'), body);
    await s.idle();
  });
});
