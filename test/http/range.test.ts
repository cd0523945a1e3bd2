import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseContentRange, parseRange } from '../../src/http/range.js';

function ranges(value: string, length = 1000): unknown {
  const parsed = parseRange(value, length);
  return Array.isArray(parsed) ? parsed.map(({ start, end }) => `${start}-${end}`).join(' ') : parsed;
}

function many(count: number): ReturnType<typeof parseRange> {
  return parseRange(`bytes=${Array.from({ length: count }, (_, i) => `${i * 2}-${i * 2}`).join(',')}`, 1_000_000);
}

test('first and last position are both included (RFC 9110 §14.1.2)', () => {
  assert.equal(ranges('bytes=0-499'), '0-499');
  assert.equal(ranges('bytes=999-999'), '999-999');
  assert.equal(ranges('bytes=0-0'), '0-0');
});

test('without a last position, or with one beyond the end, the range goes to the end', () => {
  assert.equal(ranges('bytes=500-'), '500-999');
  assert.equal(ranges('bytes=500-1000'), '500-999');
  assert.equal(ranges('bytes=500-99999999999999999999'), '500-999');
});

test('a suffix is the last bytes; a longer one than the file is the whole file', () => {
  assert.equal(ranges('bytes=-500'), '500-999');
  assert.equal(ranges('bytes=-1'), '999-999');
  assert.equal(ranges('bytes=-2000'), '0-999');
});

test('several ranges, in the order asked; blanks and empty members are allowed (§5.6.1)', () => {
  assert.equal(ranges('bytes=500-600, 0-9,-5'), '500-600 0-9 995-999');
  assert.equal(ranges('bytes=,0-1, ,\t5-6,'), '0-1 5-6');
});

test('of several ranges the satisfiable ones are sent', () => {
  assert.equal(ranges('bytes=0-1,2000-'), '0-1');
  assert.equal(ranges('bytes=2000-,-0,5-6'), '5-6');
});

test('a first position at or beyond the end is unsatisfiable, a suffix of nothing too', () => {
  assert.equal(ranges('bytes=1000-'), 'unsatisfiable');
  assert.equal(ranges('bytes=99999999999999999999-'), 'unsatisfiable');
  assert.equal(ranges('bytes=-0'), 'unsatisfiable');
  assert.equal(ranges('bytes=1000-1001,-0'), 'unsatisfiable');
});

test('a last position before the first is invalid, and so is the whole field: ignored', () => {
  assert.equal(ranges('bytes=500-499'), undefined);
  assert.equal(ranges('bytes=0-1,500-499'), undefined);
  assert.equal(ranges('bytes=5000-4999'), undefined);
});

test('bad syntax is ignored', () => {
  for (const value of ['', 'bytes', 'bytes=', 'bytes=,', 'bytes=-', 'bytes=a-b', 'bytes=1', 'bytes=0-1;5-6', 'bytes=1-2-3', 'bytes=--5']) {
    assert.equal(ranges(value), undefined, value);
  }
  for (const value of ['bytes=0x1-5', 'bytes=+1-5', 'bytes=1.0-5', 'bytes=0 - 5', 'bytes =0-1', 'bytes:0-1', '0-1']) {
    assert.equal(ranges(value), undefined, value);
  }
});

test('an unknown unit is ignored; the name of a unit is case-insensitive (§14.1)', () => {
  assert.equal(ranges('items=0-1'), undefined);
  assert.equal(ranges('bytes2=0-1'), undefined);
  assert.equal(ranges('Bytes=0-1'), '0-1');
});

test('an empty file has no byte to give: 0- is unsatisfiable; a suffix, which is not, gets all there is', () => {
  assert.equal(ranges('bytes=0-', 0), 'unsatisfiable');
  assert.equal(ranges('bytes=-5', 0), undefined);
});

test('200 ranges are served, 201 are a flood and ignored, 100,000 cost nothing', () => {
  assert.equal(many(200)?.length, 200);
  assert.equal(many(201), undefined);
  const flood = `bytes=${'0-0,'.repeat(100_000)}`;
  const costs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage().user;
    assert.equal(parseRange(flood, 1000), undefined);
    return process.cpuUsage().user - before;
  });
  assert.ok(Math.min(...costs) < 100_000, `${costs.join(', ')} µs of CPU`);
});

test('a Content-Range says first, last and total (§14.4)', () => {
  assert.deepEqual(parseContentRange('bytes 0-9/100'), { start: 0, end: 9, total: 100 });
  for (const value of ['bytes */100', 'bytes 0-9/*', 'items 0-9/100', 'bytes=0-9/100', '', undefined]) {
    assert.equal(parseContentRange(value), undefined, value);
  }
});
