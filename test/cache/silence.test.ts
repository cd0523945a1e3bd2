import { strict as assert } from 'node:assert';
import { appendFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setInterval } from 'node:timers';
import { claimIn, forgeLock, leavePart } from '../support/forge.js';
import { Gate } from '../support/origin.js';
import { patternBytes } from '../support/pattern.js';
import { assertNoProcess, processState } from '../support/processes.js';
import { assertCut, assertWhole, checks, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
/** Of an owner that cannot be looked up, milliseconds: a second of silence is nothing on a network file system. */
const LEAST = 9_000;
const ELSEWHERE = 'another.example 00000000-0000-0000-0000-000000000000 pid:[1]';

/** A silence was waited for. */
async function assertWaitsForSilence(action: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await action();
  const took = performance.now() - begun;
  assert.ok(took > LEAST, `took ${took} ms`);
}

// Each waits for ten seconds, all at once.
describe('an owner of whom nothing is heard', { concurrency: true }, () => {
  test('on another host: is given up after ten seconds of silence, and its part continued', async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 2 * MIB);
    const left = await leavePart(s, '/a', body, MIB);
    forgeLock(left.lock, { host: ELSEWHERE, pid: process.pid });
    await assertWaitsForSilence(async () => assertWhole(await s.get('/a'), body));
    assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${MIB}-`);
    await s.idle();
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });

  test('on another host, but its heart beats: is followed, however long it brings nothing', async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 2 * MIB);
    const left = await leavePart(s, '/a', body, MIB);
    forgeLock(left.lock, { host: ELSEWHERE, pid: 1 });
    const beat = setInterval(() => utimesSync(left.lock, Date.now() / 1000, Date.now() / 1000), 500);
    t.after(() => clearInterval(beat));
    const client = await s.start('/a', { check: checks(body) });
    await client.waitForBody(MIB);
    const begun = performance.now();
    await waitUntil(() => performance.now() - begun > 11_000);
    // Its host finishes, as an owner does: the rest, the name, then the lock.
    appendFileSync(left.part, patternBytes(body.seed, MIB, MIB));
    renameSync(left.part, left.body);
    clearInterval(beat);
    unlinkSync(left.lock);
    assertWhole(await client.done, body);
    assert.equal(s.origin.count('GET'), 0);
  });

  test('stopped on this host: is given up, and when it wakes up it does no harm', async (t) => {
    const s = await scene(t);
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 3 * MIB, { hold: gate });
    const client = await s.start('/a', { check: checks(body) });
    await client.waitForBody(MIB);
    const stopped = await s.filler();
    process.kill(stopped, 'SIGSTOP');
    await waitUntil(() => processState(stopped) === 'T');
    gate.moveTo(2 * MIB);
    await assertWaitsForSilence(() => client.waitForBody(2 * MIB));
    // Two fillers now; the old one is outbid and must stop, the new one goes on.
    process.kill(stopped, 'SIGCONT');
    await assertNoProcess(stopped);
    assert.equal(client.sink.ended, false);
    gate.release();
    assertWhole(await client.done, body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 2);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
    assertWhole(await s.get('/a'), body);
  });

  test('stopped, of a file with a weak ETag: when it wakes up with all it had to pull, it does not name the new one\'s part', async (t) => {
    const s = await scene(t);
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 2 * MIB, { hold: gate, etag: 'W/"1"' });
    const other = { seed: 5, size: 2 * MIB };
    const first = await s.start('/a', { check: checks(body) });
    await first.waitForBody(MIB);
    const stopped = await s.filler();
    process.kill(stopped, 'SIGSTOP');
    await waitUntil(() => processState(stopped) === 'T');
    // All the rest lies in the stopped one's socket; the base now has other bytes, and holds them back.
    const second = new Gate(MIB + 7);
    s.origin.file('/a', { body: other, hold: second, etag: 'W/"1"' });
    gate.release();
    assertCut(await first.done, body);
    const late = await s.start('/a', { check: checks(other) });
    await late.waitForBody(MIB + 7);
    process.kill(stopped, 'SIGCONT');
    await assertNoProcess(stopped);
    assert.ok(!s.kinds('/a').includes('body'), s.names('/a').join(' '));
    second.release();
    assertWhole(await late.done, other);
    await s.idle();
    assert.equal(statSync(s.file('/a', 'body')).size, other.size);
    assertWhole(await s.get('/a'), other);
  });

  test('that has left an empty lock, killed before it could say who it is: is given up after two seconds', async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', MIB);
    const left = await leavePart(s, '/a', body, 1000);
    writeFileSync(left.lock, '');
    const begun = performance.now();
    assertWhole(await s.get('/a'), body);
    const took = performance.now() - begun;
    assert.ok(took > 2000 && took < LEAST, `took ${took} ms`);
    await s.idle();
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });

  test('a living owner touches its lock every second, and names itself', async (t) => {
    const s = await scene(t);
    const gate = new Gate(1000);
    const body = s.pattern('/a', MIB, { hold: gate });
    const client = await s.start('/a');
    await client.waitForBody(1000);
    const lock = s.file('/a', 'lock');
    assert.equal(claimIn(lock).pid, await s.filler());
    for (let beats = 0; beats < 2; beats++) {
      const before = statSync(lock).mtimeMs;
      await waitUntil(() => statSync(lock).mtimeMs > before, { what: 'a heartbeat' });
    }
    gate.release();
    assertWhole(await client.done, body);
    await s.idle();
  });
});
