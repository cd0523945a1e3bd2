import { strict as assert } from 'node:assert';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { ownerOf } from '../../src/cache/owner.js';
import { deadPid, forgeLock, leavePart, zombie } from '../support/forge.js';
import { etagOf, Gate } from '../support/origin.js';
import { processState } from '../support/processes.js';
import { assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
/** Takes less than this: the owner was seen to be dead, its silence of ten seconds was not waited for. In milliseconds. */
const SOON = 8000;

async function killFiller(s: Scene): Promise<number> {
  process.kill(await s.filler(), 'SIGKILL');
  return performance.now();
}

test('the owner of a fill is killed half-way: a follower resumes at once, and no client sees it', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate });
  const clients = await Promise.all(Array.from({ length: 4 }, () => s.start('/a', { check: checks(body) })));
  await Promise.all(clients.map((client) => client.waitForBody(MIB)));
  const killed = await killFiller(s);
  gate.release();
  const second = await s.origin.waitFor(({ method, nth }) => method === 'GET' && nth === 2);
  assert.ok(second.at - killed < SOON, `resumed after ${second.at - killed} ms`);
  assert.equal(second.headers.get('Range'), `bytes=${MIB}-`);
  assert.equal(second.headers.get('If-Range'), etagOf(body));
  for (const client of clients) assertWhole(await client.done, body);
  await s.idle();
  assert.deepEqual([second.status, second.bodyBytes, s.origin.count('GET')], [206, 2 * MIB, 2]);
  assert.equal(clients.filter((client) => /died: taking over/.test(client.stderr)).length, 1, 'the log does not tell');
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('the owner is killed again and again: each time the fill goes on where it was', async (t) => {
  const s = await scene(t);
  const gate = new Gate(0);
  const body = s.pattern('/a', 6 * MIB, { hold: gate });
  const client = await s.start('/a', { check: checks(body) });
  for (let nth = 1; nth <= 6; nth++) {
    const from = (nth - 1) * MIB;
    await s.origin.waitFor((r) => r.method === 'GET' && r.nth === nth && r.status === (nth === 1 ? 200 : 206));
    assert.equal(s.origin.last('GET', '/a').headers.get('Range'), nth === 1 ? undefined : `bytes=${from}-`, client.stderr);
    gate.moveTo(nth * MIB);
    await client.waitForBody(nth * MIB);
    if (nth < 6) await killFiller(s);
  }
  assertWhole(await client.done, body);
  await s.idle();
  assert.equal(s.origin.count('GET'), 6);
});

test('the owner is killed before the base has answered it: a follower asks, nobody is told of a failure', async (t) => {
  const s = await scene(t);
  const gate = new Gate();
  const body = s.pattern('/a', MIB, { get: { holdHeader: gate } });
  const clients = await Promise.all([s.start('/a'), s.start('/a')]);
  await gate.reached();
  const killed = await killFiller(s);
  const second = await s.origin.waitFor(({ method, nth }) => method === 'GET' && nth === 2);
  assert.ok(second.at - killed < SOON, `asked again after ${second.at - killed} ms`);
  gate.release();
  for (const client of clients) assertWhole(await client.done, body);
  await s.idle();
});

test('nobody is left to take over: the next request resumes', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', 3 * MIB, { hold: gate });
  const client = await s.start('/a');
  await client.waitForBody(MIB);
  client.kill('SIGKILL');
  await client.done;
  await killFiller(s);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['head', 'lock', 'mark', 'part']);
  gate.release();
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${MIB}-`);
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a request that is killed between taking the lock and starting the fill holds nobody up', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  const left = await leavePart(s, '/a', body, 0);
  forgeLock(left.lock, { pid: await deadPid(), start: '1', filling: false });
  const begun = performance.now();
  assertWhole(await s.get('/a'), body);
  assert.ok(performance.now() - begun < SOON, `took ${performance.now() - begun} ms`);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('an owner that died after the last byte, before the file had its name', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  const left = await leavePart(s, '/a', body, body.size);
  forgeLock(left.lock, { pid: await deadPid(), start: '1' });
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

test('a zombie is no living owner', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 2 * MIB);
  const left = await leavePart(s, '/a', body, MIB);
  const pid = await zombie(t);
  forgeLock(left.lock, { pid, start: ownStart(pid) });
  const begun = performance.now();
  assertWhole(await s.get('/a'), body);
  assert.ok(performance.now() - begun < SOON, `took ${performance.now() - begun} ms`);
  assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${MIB}-`);
  await s.idle();
});

test('a filler that is a zombie of a request with a slow client is no living owner', async (t) => {
  const s = await scene(t);
  const gate = new Gate(2 * MIB);
  const body = s.pattern('/a', 4 * MIB, { hold: gate });
  const slow = await s.start('/a', { check: checks(body) });
  await slow.head;
  slow.pause();
  await waitUntil(() => statSync(s.file('/a', 'part')).size === 2 * MIB);
  const filler = await s.filler();
  process.kill(filler, 'SIGKILL');
  // Its parent is blocked in a write and cannot reap it.
  await waitUntil(() => processState(filler) === 'Z');
  gate.release();
  const begun = performance.now();
  assertWhole(await s.get('/a'), body);
  assert.ok(performance.now() - begun < SOON, `took ${performance.now() - begun} ms`);
  assert.equal(processState(filler), 'Z');
  slow.resume();
  assertWhole(await slow.done, body);
  await s.idle();
});

test('a process that has got a dead owner\'s pid is not the owner', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 2 * MIB);
  const left = await leavePart(s, '/a', body, MIB);
  forgeLock(left.lock, { pid: process.pid, start: '1' });
  const begun = performance.now();
  assertWhole(await s.get('/a'), body);
  assert.ok(performance.now() - begun < SOON, `took ${performance.now() - begun} ms`);
  await s.idle();
});

for (const missing of [1, 2]) {
  test(`the locks of dead owners, but for the first ${missing}: whoever fills doesn't take itself for outbid, and none is left`, async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 2 * MIB);
    const left = await leavePart(s, '/a', body, MIB);
    forgeLock(`${left.lock}.${missing}`, { pid: await deadPid(), start: '1' });
    const begun = performance.now();
    assertWhole(await s.get('/a'), body);
    assert.ok(performance.now() - begun < SOON, `took ${performance.now() - begun} ms`);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });
}

test('several see the owner dead at once: one of them takes over', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', 2 * MIB);
  const left = await leavePart(s, '/a', body, MIB);
  forgeLock(left.lock, { pid: await deadPid(), start: '1' });
  const clients = await Promise.all(Array.from({ length: 12 }, () => s.start('/a', { check: checks(body) })));
  for (const client of clients) assertWhole(await client.done, body);
  await s.idle();
  assert.equal(s.origin.count('GET'), 1);
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
});

function ownStart(pid: number): string {
  const { start } = ownerOf(pid);
  assert.match(start, /^\d+$/);
  return start;
}
