import { strict as assert } from 'node:assert';
import { openSync, writeSync, closeSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Mark } from '../../src/cache/mark.js';
import { deadPid, forgeLock, leavePart } from '../support/forge.js';
import { Gate } from '../support/origin.js';
import { patternBytes } from '../support/pattern.js';
import { assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
const SIZE = 3 * MIB;
const EARLIER = '11111111-1111-4111-8111-111111111111';

const lastRange = (s: Scene): string | undefined => s.origin.last('GET', '/a').headers.get('Range');
const markOf = (s: Scene): Mark => JSON.parse(readFileSync(s.file('/a', 'mark'), 'latin1')) as Mark;

/** Nothing of these bytes reached the disk: the file is as long as it was, and holds zeros. */
function zero(path: string, from: number, to: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(to - from), 0, to - from, from);
  closeSync(fd);
}

// What the disk holds after a power cut, and from where the rest is asked for then.
describe('after a power cut', { concurrency: 2 }, () => {
  for (const [what, mark, tear, range] of [
    ['the tail of the part is zeros: it is continued from the last flush', { boot: EARLIER, synced: MIB }, (part: string) => zero(part, MIB, 2 * MIB), `bytes=${MIB}-`],
    ['there is a hole behind the last flush', { boot: EARLIER, synced: MIB }, (part: string) => zero(part, MIB + 8192, MIB + 12_288), `bytes=${MIB}-`],
    ['all of the part was flushed: all of it is continued', { boot: EARLIER, synced: 2 * MIB }, () => {}, `bytes=${2 * MIB}-`],
    ['the part is shorter than its last flush', { boot: EARLIER, synced: 2 * MIB }, (part: string) => truncateSync(part, MIB), `bytes=${MIB}-`],
    ['nothing of the part was flushed: it is pulled from the front', { boot: EARLIER, synced: 0 }, (part: string) => zero(part, 0, 2 * MIB), undefined],
    ['the part is as long as the file, and zeros', { boot: EARLIER, synced: MIB }, (part: string) => (truncateSync(part, SIZE), zero(part, MIB, 2 * MIB)), `bytes=${MIB}-`],
    ['the mark is of a part before this one', { boot: EARLIER, inode: 1, synced: 2 * MIB }, (part: string) => zero(part, 0, 2 * MIB), undefined],
    ['the mark is gone', { boot: EARLIER, synced: 2 * MIB }, (part: string) => (unlinkSync(part.replace(/part$/, 'mark')), zero(part, 0, 4096)), undefined],
    ['the mark is empty', { boot: EARLIER, synced: 2 * MIB }, (part: string) => (writeFileSync(part.replace(/part$/, 'mark'), ''), zero(part, 0, 4096)), undefined],
    ['the mark is zeros', { boot: EARLIER, synced: 2 * MIB }, (part: string) => (writeFileSync(part.replace(/part$/, 'mark'), Buffer.alloc(512)), zero(part, 0, 4096)), undefined],
    ['(a mere kill: no power was cut) all that was written is continued', { synced: 0 }, () => {}, `bytes=${2 * MIB}-`],
  ] as const) {
    test(what, async (t) => {
      const s = await scene(t);
      const body = s.pattern('/a', SIZE);
      const left = await leavePart(s, '/a', body, 2 * MIB, mark);
      tear(left.part);
      forgeLock(left.lock, { pid: await deadPid(), start: '1' });
      const clients = await Promise.all([s.start('/a', { check: checks(body) }), s.start('/a', { check: checks(body) })]);
      for (const client of clients) assertWhole(await client.done, body);
      assert.equal(lastRange(s), range);
      assert.equal(s.origin.count('GET'), 1);
      await s.idle();
      assert.deepEqual(s.kinds('/a'), ['body', 'head']);
      assertWhole(await s.get('/a'), body);
    });
  }

  test('a record or a lock that is empty stops nobody for long', async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', SIZE);
    assertWhole(await s.get('/a'), body);
    await s.idle();
    writeFileSync(s.file('/a', 'head'), '');
    assertWhole(await s.get('/a'), body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1, 'the body was flushed before it had its name: it holds');
  });
});

test('an owner flushes its part with each heartbeat, and the mark says how far', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', SIZE, { hold: gate });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(MIB);
  assert.equal(markOf(s).inode, statSync(s.file('/a', 'part')).ino);
  await waitUntil(() => markOf(s).synced === MIB, { what: 'the first flush' });
  gate.moveTo(2 * MIB);
  await waitUntil(() => markOf(s).synced === 2 * MIB, { what: 'the second flush' });
  gate.release();
  assertWhole(await client.done, body);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a part begun in the second of its Last-Modified is not continued later by that date: the file may have changed within it', async (t) => {
  const s = await scene(t);
  const [one, two] = [{ seed: 1, size: SIZE }, { seed: 2, size: SIZE }];
  const lastModified = new Date(Date.now() - 60_000).toUTCString();
  const sameSecond = { headers: { Date: lastModified } };
  const gate = new Gate(MIB);
  s.origin.file('/a', { body: one, etag: null, lastModified, hold: gate, ...sameSecond });
  const client = await s.start('/a');
  await client.waitForBody(MIB);
  client.kill('SIGKILL');
  process.kill(await s.filler(), 'SIGKILL');
  await s.idle();
  // Nobody can see by length and date that it is another one; the base's clock has moved on.
  s.origin.file('/a', { body: two, etag: null, lastModified });
  assertWhole(await s.get('/a', { check: checks(two) }), two);
  assert.equal(lastRange(s), undefined);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a part is never overwritten nor shortened: what its followers have sent stays what it was', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', SIZE);
  const left = await leavePart(s, '/a', body, 2 * MIB, { boot: EARLIER, synced: MIB });
  const fd = openSync(left.part, 'r');
  t.after(() => closeSync(fd));
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.deepEqual(readFileSync(fd), patternBytes(body.seed, 0, 2 * MIB));
});
