// RFC 9110 §14 and §15.3.7 as a client sees them: which bytes come, and when.
import { strict as assert } from 'node:assert';
import { type Answer, onEachFront } from '../support/front.js';
import { etagOf, Gate } from '../support/origin.js';
import { checkPattern, type Pattern, patternBytes, patternHash } from '../support/pattern.js';

const BODY = { seed: 41, size: 10_000 };
const TYPE = { 'Content-Type': 'application/x-iso9660-image' };

function assertPart(answer: Answer, { seed, size }: Pattern, start: number, end: number): void {
  assert.equal(answer.status, 206, answer.lines.join('\n'));
  assert.equal(answer.headers.get('Content-Range'), `bytes ${start}-${end}/${size}`);
  assert.equal(answer.headers.get('Content-Length'), String(end - start + 1));
  assert.deepEqual([answer.length, answer.complete], [end - start + 1, true]);
  checkPattern(seed, start, answer.body);
}

function assertWhole(answer: Answer, body: Pattern): void {
  assert.deepEqual([answer.status, answer.length, answer.sha256], [200, body.size, patternHash(body)], answer.lines.join('\n'));
  assert.equal(answer.headers.get('Content-Length'), String(body.size));
  assert.equal(answer.headers.has('Content-Range'), false);
}

/** Takes a multipart body apart as RFC 2046 §5.1.1 wants it, byte by byte, and holds each part against the file. */
function assertParts(answer: Answer, { seed, size }: Pattern, wanted: readonly (readonly [start: number, end: number])[]): void {
  assert.equal(answer.status, 206, answer.lines.join('\n'));
  assert.deepEqual([answer.headers.get('Content-Length'), answer.complete], [String(answer.length), true]);
  assert.equal(answer.headers.has('Content-Range'), false);
  const boundary = /^multipart\/byteranges; boundary=([0-9a-zA-Z'()+_,./:=?-]{1,70})$/.exec(answer.headers.get('Content-Type') ?? '')?.[1];
  const head = (start: number, end: number) =>
    `\r\n--${boundary}\r\nContent-Type: ${TYPE['Content-Type']}\r\nContent-Range: bytes ${start}-${end}/${size}\r\n\r\n`;
  const pieces = wanted.flatMap(([start, end]) => [Buffer.from(head(start, end)), patternBytes(seed, start, end - start + 1)]);
  const right = Buffer.concat([...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  assert.ok(right.equals(answer.body), `${answer.body.toString('latin1').slice(0, 300)}…`);
}

onEachFront('one range: first and last, open, suffix, beyond the end; cold, then warm', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, headers: TYPE });
  const ranges = [
    ['bytes=0-0', 0, 0],
    ['bytes=1000-1999', 1000, 1999],
    ['bytes=9999-', 9999, 9999],
    ['bytes=0-', 0, 9999],
    ['bytes=-1', 9999, 9999],
    ['bytes=-20000', 0, 9999],
    ['bytes=9000-99999', 9000, 9999],
    ['bytes=,5-6 ,', 5, 6],
    ['bytes=20000-,5-6', 5, 6],
    ['bytes=0-9,5-19,20-29', 0, 29],
  ] as const;
  for (const [range, start, end] of ranges) {
    const answer = await ask('/a', { headers: { Range: range } });
    assertPart(answer, BODY, start, end);
    assert.equal(answer.headers.get('Content-Type'), TYPE['Content-Type']);
    assert.equal(answer.headers.get('ETag'), etagOf(BODY));
  }
  assert.equal(origin.count('GET', '/a'), 1);
  assert.equal(origin.last('GET', '/a').headers.has('Range'), false);
});

onEachFront('several ranges: a multipart body with the right length and the right bytes, cold and warm', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, headers: TYPE });
  const several = { headers: { Range: 'bytes=5000-5099, 0-9,-1' } };
  for (let i = 0; i < 2; i++) assertParts(await ask('/a', several), BODY, [[5000, 5099], [0, 9], [9999, 9999]]);
  const zsync = Array.from({ length: 20 }, (_, i) => [i * 500, i * 500 + 199] as const);
  assertParts(await ask('/a', { headers: { Range: `bytes=${zsync.map((range) => range.join('-')).join(',')}` } }), BODY, zsync);
  assert.equal(origin.count('GET', '/a'), 1);
});

onEachFront('a range beyond the end is 416 with the size, and pulls nothing (§15.5.17)', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  for (const range of ['bytes=10000-', 'bytes=-0', 'bytes=10000-10001,20000-']) {
    const answer = await ask('/a', { headers: { Range: range } });
    assert.deepEqual([answer.status, answer.headers.get('Content-Range'), answer.complete], [416, 'bytes */10000', true]);
    assert.notEqual(answer.headers.get('Content-Length'), '10000');
  }
  assert.equal(origin.count('GET', '/a'), 0);
});

onEachFront('a Range is ignored: unknown unit, bad syntax, a flood, an If-Range that does not hold, HEAD', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  const flood = `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`;
  for (const range of ['lines=0-1', 'bytes=9-0', 'bytes=a-b', 'bytes=0-1,9-0', flood]) {
    assertWhole(await ask('/a', { headers: { Range: range } }), BODY);
  }
  assertWhole(await ask('/a', { headers: { Range: 'bytes=0-1', 'If-Range': '"old"' } }), BODY);
  const head = await ask('/a', { method: 'HEAD', headers: { Range: 'bytes=0-1' } });
  assert.deepEqual([head.status, head.headers.get('Content-Length'), head.headers.has('Content-Range')], [200, '10000', false]);
});

onEachFront('an empty file: 0- is 416, a suffix is all there is', async ({ origin, ask }) => {
  origin.file('/empty', { body: '' });
  const answer = await ask('/empty', { headers: { Range: 'bytes=0-' } });
  assert.deepEqual([answer.status, answer.headers.get('Content-Range')], [416, 'bytes */0']);
  const suffix = await ask('/empty', { headers: { Range: 'bytes=-5' } });
  assert.deepEqual([suffix.status, suffix.length, suffix.headers.get('Content-Length')], [200, 0, '0']);
});

onEachFront('a range of a cold file comes as soon as its bytes are there; one beyond them waits', async ({ origin, ask, start }) => {
  const big = { seed: 42, size: 3_000_000 };
  const gate = new Gate(1_000_000);
  origin.file('/big', { body: big, headers: TYPE, hold: gate });
  // Nobody has asked for the start, and the base holds the rest back.
  assertPart(await ask('/big', { headers: { Range: 'bytes=900000-900099' } }), big, 900_000, 900_099);
  const across = await start('/big', { headers: { Range: 'bytes=999900-1000099' } });
  const parts = await start('/big', { headers: { Range: 'bytes=10-19,2000000-2000009' } });
  const last = await start('/big', { headers: { Range: 'bytes=-10' } });
  await across.waitForBody(100);
  await parts.waitForBody(100);
  assertPart(await ask('/big', { headers: { Range: 'bytes=0-99' } }), big, 0, 99);
  gate.moveTo(1_500_000);
  assertPart(await across.done, big, 999_900, 1_000_099);
  gate.release();
  assertParts(await parts.done, big, [[10, 19], [2_000_000, 2_000_009]]);
  assertPart(await last.done, big, 2_999_990, 2_999_999);
  assert.equal(origin.count('GET', '/big'), 1);
});

onEachFront('eight ranges at once of a cold file are its bytes, pulled once', async ({ origin, ask }) => {
  const big = { seed: 43, size: 800_000 };
  origin.file('/big', { body: big });
  const eighths = Array.from({ length: 8 }, (_, i) => i * 100_000);
  const answers = await Promise.all(eighths.map((from) => ask('/big', { headers: { Range: `bytes=${from}-${from + 99_999}` } })));
  for (const [i, answer] of answers.entries()) assertPart(answer, big, i * 100_000, i * 100_000 + 99_999);
  assert.equal(origin.count('GET', '/big'), 1);
});

onEachFront('several ranges of a file without a Content-Type', async ({ origin, ask }) => {
  origin.file('/untyped', { body: BODY, headers: { 'Content-Type': null } });
  const answer = await ask('/untyped', { headers: { Range: 'bytes=0-1,500-501' } });
  assert.deepEqual([answer.status, answer.complete, answer.headers.get('Content-Length')], [206, true, String(answer.length)]);
  assert.doesNotMatch(answer.body.toString('latin1'), /Content-Type/);
});

onEachFront('what must not be stored is sent whole', async ({ origin, ask }) => {
  origin.file('/private', { body: BODY, headers: { 'Cache-Control': 'private' } });
  assertWhole(await ask('/private', { headers: { Range: 'bytes=0-1' } }), BODY);
});

onEachFront(
  'without room in the cache one range is asked of the base as such; several get the whole file',
  async ({ origin, ask }) => {
    origin.file('/a', { body: BODY, headers: TYPE });
    assertPart(await ask('/a', { headers: { Range: 'bytes=-10' } }), BODY, 9990, 9999);
    assert.equal(origin.last('GET', '/a').headers.get('Range'), 'bytes=9990-9999');
    assertWhole(await ask('/a', { headers: { Range: 'bytes=0-1,5000-5001' } }), BODY);
    origin.replace('/a', { ignoreRange: true });
    assertWhole(await ask('/a', { headers: { Range: 'bytes=0-1' } }), BODY);
  },
  { OFFLOAD_KEEP_FREE: '900T' },
);
