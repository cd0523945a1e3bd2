import { strict as assert } from 'node:assert';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { leavePart } from '../support/forge.js';
import { etagOf, type FileSpec, Gate, LAST_MODIFIED } from '../support/origin.js';
import { type Pattern, patternBytes } from '../support/pattern.js';
import { assertCut, assertWhole, checks, type Scene, scene } from '../support/scene.js';

const MIB = 1_048_576;
const SIZE = 3 * MIB;

/** A client has the first MiB of a body, and the owner of its fill is dead. */
async function interrupted(s: Scene, spec: Partial<FileSpec> = {}) {
  const gate = new Gate(MIB);
  const body = s.pattern('/a', SIZE, { hold: gate, ...spec });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(MIB);
  const kill = async () => {
    process.kill(await s.filler(), 'SIGKILL');
    gate.release();
  };
  return { body, client, kill };
}

const ranges = (s: Scene): (string | undefined)[] =>
  s.origin.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.get('Range'));

for (const [what, spec, range, ifRange] of [
  ['a strong ETag', {}, `bytes=${MIB}-`, etagOf({ seed: SIZE + 2, size: SIZE })],
  ['only a date, older than a second', { etag: null }, `bytes=${MIB}-`, LAST_MODIFIED],
  ['only a date of this second', { etag: null, lastModified: new Date(Date.now() + 3_600_000).toUTCString() }, undefined, undefined],
  ['a weak ETag', { etag: 'W/"1"' }, undefined, undefined],
  ['a weak ETag and no date', { etag: 'W/"1"', lastModified: null }, undefined, undefined],
  ['an ETag without quotes', { etag: 'abc' }, undefined, undefined],
] as const) {
  test(`with ${what} the rest is asked for ${range === undefined ? 'with everything before it' : 'alone'}, and the client gets its file`, async (t) => {
    const s = await scene(t);
    const { body, client, kill } = await interrupted(s, spec);
    await kill();
    assertWhole(await client.done, body);
    await s.idle();
    const second = s.origin.last('GET', '/a');
    assert.equal(second.nth, 2);
    assert.deepEqual([second.headers.get('Range'), second.headers.get('If-Range')], [range, ifRange]);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
    assertWhole(await s.get('/a'), body);
  });
}

const OTHER: Pattern = { seed: 99, size: SIZE };

for (const [what, answer, more] of [
  ['ignores Range', { ignoreRange: true }, []],
  ['answers 206 with another range', { partial: { start: 5, end: SIZE } }, [undefined]],
  ['answers 206 that says one range and sends another total', { partial: { contentRange: `bytes ${MIB}-${SIZE - 1}/${SIZE + 1}` } }, [undefined]],
  ['answers 206 without Content-Range', { headers: { 'Content-Range': null } }, [undefined]],
  ['answers 206 with another ETag', { headers: { ETag: '"other"' } }, [undefined]],
  ['answers 416', { status: 416 }, [undefined]],
  ['answers 412', { status: 412 }, [undefined]],
  ['sends only a part of the rest', { partial: { start: MIB, end: 2 * MIB } }, [`bytes=${2 * MIB}-`]],
  ['cuts the rest', { cutAfter: MIB / 2 }, [`bytes=${1.5 * MIB}-`]],
] as const) {
  test(`a base that ${what} when it is asked for the rest: the client gets its file all the same`, async (t) => {
    const s = await scene(t);
    const { body, client, kill } = await interrupted(s, { script: ({ method, nth }) => (method === 'GET' && nth === 2 ? answer : undefined) });
    await kill();
    assertWhole(await client.done, body);
    await s.idle();
    assert.deepEqual(ranges(s), [undefined, `bytes=${MIB}-`, ...more]);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
    assertWhole(await s.get('/a'), body);
  });
}

test('a connection that is cut is no reason for another owner: the same one asks for the rest, also after a pause', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', SIZE, { script: ({ method, nth }) => (method === 'GET' && nth <= 3 ? { cutAfter: nth === 1 ? MIB : 0 } : undefined) });
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.deepEqual(ranges(s), [undefined, `bytes=${MIB}-`, `bytes=${MIB}-`, `bytes=${MIB}-`]);
});

test('a base that is restarted half-way: nobody sees it', async (t) => {
  const s = await scene(t);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', SIZE, { hold: gate });
  const client = await s.start('/a', { check: checks(body) });
  await client.waitForBody(MIB);
  await s.origin.refuse();
  gate.release();
  await s.origin.accept();
  assertWhole(await client.done, body);
  await s.idle();
});

test('the base has another version when the rest is asked for: who has bytes of the old one is cut, the next gets the new one', async (t) => {
  const s = await scene(t);
  const { body, client, kill } = await interrupted(s);
  s.origin.file('/a', { body: OTHER });
  await kill();
  assertCut(await client.done, body);
  assertWhole(await s.get('/a'), OTHER);
  await s.idle();
  assert.deepEqual(s.kinds('/a').filter((kind) => kind !== 'verdict'), ['body', 'head']);
});

test('a weak ETag, and the base now sends other bytes: who has some of the first is cut, the next gets a whole file', async (t) => {
  const s = await scene(t);
  const { body, client, kill } = await interrupted(s, { etag: 'W/"1"' });
  s.origin.file('/a', { body: OTHER, etag: 'W/"1"' });
  await kill();
  assertCut(await client.done, body);
  await s.idle();
  assertWhole(await s.get('/a'), OTHER);
});

test('a base that sends other bytes under the same strong ETag: nobody gets a mixture', async (t) => {
  const s = await scene(t);
  const { body, client, kill } = await interrupted(s);
  s.origin.file('/a', { body: OTHER, etag: etagOf(body), ignoreRange: true });
  await kill();
  assertCut(await client.done, body);
  await s.idle();
  assertWhole(await s.get('/a'), OTHER);
});

test('a part that holds more than the whole never becomes an object', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB, { etag: 'W/"1"' });
  const left = await leavePart(s, '/a', body, MIB);
  writeFileSync(left.part, Buffer.concat([patternBytes(body.seed, 0, MIB), Buffer.alloc(4096)]));
  assertWhole(await s.get('/a'), body);
  await s.idle();
  assert.equal(statSync(left.body).size, MIB);
});

test('an object in the cache whose size is wrong is pulled anew', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', MIB);
  const left = await leavePart(s, '/a', body, 0);
  mkdirSync(s.place('/a').directory, { recursive: true });
  writeFileSync(left.body, patternBytes(body.seed, 0, 1000));
  const result = await s.get('/a');
  assertWhole(result, body);
  assert.match(result.stderr, /has 1000 bytes instead of 1048576: removed/);
  await s.idle();
});
