import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { checkPreconditions, ifRangeHolds, isStrongDate, type Validators } from '../../src/http/conditions.js';

const MODIFIED = 'Tue, 01 Sep 2026 08:00:00 GMT';
const BEFORE = 'Tue, 01 Sep 2026 07:59:59 GMT';
const AFTER = 'Tue, 01 Sep 2026 08:00:01 GMT';
const CURRENT: Validators = { etag: '"now"', lastModified: MODIFIED, date: Date.parse(AFTER) };
const WEAK: Validators = { ...CURRENT, etag: 'W/"now"' };
const NO_DATE: Validators = { ...CURRENT, lastModified: undefined };
const NO_TAG: Validators = { ...CURRENT, etag: undefined };

function check(fields: Readonly<Record<string, string>>, current = CURRENT): number {
  return checkPreconditions((name) => fields[name], current);
}

test('If-Match * holds if there is a current representation (RFC 9110 §13.1.1)', () => {
  assert.equal(check({ 'if-match': '*' }), 200);
  assert.equal(check({ 'if-match': '*' }, NO_TAG), 200);
});

test('If-Match holds if any listed tag matches, by strong comparison; else 412', () => {
  assert.equal(check({ 'if-match': '"x", "now"' }), 200);
  assert.equal(check({ 'if-match': '"x", "y"' }), 412);
  assert.equal(check({ 'if-match': 'W/"now"' }), 412);
  assert.equal(check({ 'if-match': 'W/"now"' }, WEAK), 412);
  assert.equal(check({ 'if-match': '"now"' }, NO_TAG), 412);
  assert.equal(check({ 'if-match': '' }), 412);
});

test('If-Unmodified-Since holds if the last modification is earlier or equal; else 412 (§13.1.4)', () => {
  assert.equal(check({ 'if-unmodified-since': MODIFIED }), 200);
  assert.equal(check({ 'if-unmodified-since': AFTER }), 200);
  assert.equal(check({ 'if-unmodified-since': BEFORE }), 412);
});

test('If-Unmodified-Since is ignored beside If-Match', () => {
  assert.equal(check({ 'if-match': '"now"', 'if-unmodified-since': BEFORE }), 200);
});

test('If-Unmodified-Since is ignored if it is no date, or there is none to compare', () => {
  assert.equal(check({ 'if-unmodified-since': 'yesterday' }), 200);
  assert.equal(check({ 'if-unmodified-since': `${BEFORE}, ${BEFORE}` }), 200);
  assert.equal(check({ 'if-unmodified-since': BEFORE }, NO_DATE), 200);
});

test('If-None-Match * fails if there is a current representation: 304 (§13.1.2)', () => {
  assert.equal(check({ 'if-none-match': '*' }), 304);
});

test('If-None-Match fails if any listed tag matches, by weak comparison: 304', () => {
  assert.equal(check({ 'if-none-match': '"x", "now"' }), 304);
  assert.equal(check({ 'if-none-match': 'W/"now"' }), 304);
  assert.equal(check({ 'if-none-match': '"now"' }, WEAK), 304);
  assert.equal(check({ 'if-none-match': '"x", W/"y"' }), 200);
  assert.equal(check({ 'if-none-match': '"now"' }, NO_TAG), 200);
});

test('If-Modified-Since fails if the last modification is earlier or equal: 304 (§13.1.3)', () => {
  assert.equal(check({ 'if-modified-since': MODIFIED }), 304);
  assert.equal(check({ 'if-modified-since': AFTER }), 304);
  assert.equal(check({ 'if-modified-since': BEFORE }), 200);
});

test('If-Modified-Since understands the obsolete forms of a date', () => {
  assert.equal(check({ 'if-modified-since': 'Tuesday, 01-Sep-26 08:00:00 GMT' }), 304);
  assert.equal(check({ 'if-modified-since': 'Tue Sep  1 08:00:00 2026' }), 304);
});

test('If-Modified-Since is ignored beside If-None-Match, even one that is garbage', () => {
  assert.equal(check({ 'if-none-match': '"x"', 'if-modified-since': AFTER }), 200);
  assert.equal(check({ 'if-none-match': 'garbage', 'if-modified-since': AFTER }), 200);
});

test('If-Modified-Since is ignored if it is no date, or there is none to compare', () => {
  assert.equal(check({ 'if-modified-since': 'garbage' }), 200);
  assert.equal(check({ 'if-modified-since': AFTER }, NO_DATE), 200);
});

test('412 comes before 304 (§13.2.2)', () => {
  assert.equal(check({ 'if-match': '"x"', 'if-none-match': '"now"' }), 412);
  assert.equal(check({ 'if-unmodified-since': BEFORE, 'if-none-match': '"now"' }), 412);
  assert.equal(check({ 'if-match': '"now"', 'if-none-match': '"now"' }), 304);
});

test('no condition, no change', () => {
  assert.equal(check({}), 200);
});

test('If-Range with a tag holds by strong comparison only (§13.1.5)', () => {
  assert.equal(ifRangeHolds('"now"', CURRENT), true);
  assert.equal(ifRangeHolds('"then"', CURRENT), false);
  assert.equal(ifRangeHolds('W/"now"', WEAK), false);
  assert.equal(ifRangeHolds('"now"', WEAK), false);
});

test('If-Range takes one tag, no list and no *', () => {
  assert.equal(ifRangeHolds('"x", "now"', CURRENT), false);
  assert.equal(ifRangeHolds('*', CURRENT), false);
});

test('If-Range with a date holds if it is exactly the last modification; later is not enough', () => {
  assert.equal(ifRangeHolds(MODIFIED, CURRENT), true);
  assert.equal(ifRangeHolds(AFTER, CURRENT), false);
  assert.equal(ifRangeHolds(BEFORE, CURRENT), false);
  assert.equal(ifRangeHolds('garbage', CURRENT), false);
});

test('If-Range with a date does not hold if the date is a weak validator', () => {
  const sameSecond = { ...CURRENT, date: Date.parse(MODIFIED) };
  assert.equal(ifRangeHolds(MODIFIED, sameSecond), false);
  assert.equal(ifRangeHolds(MODIFIED, { ...CURRENT, date: undefined }), false);
  assert.equal(ifRangeHolds('"now"', sameSecond), true);
});

test('a Last-Modified at least one second before Date is strong (§8.8.2.2)', () => {
  assert.equal(isStrongDate(CURRENT), true);
  assert.equal(isStrongDate({ ...CURRENT, date: Date.parse(MODIFIED) + 999 }), false);
  assert.equal(isStrongDate({ ...CURRENT, lastModified: 'garbage' }), false);
});

test('without If-Range, Range applies', () => {
  assert.equal(ifRangeHolds(undefined, WEAK), true);
});
