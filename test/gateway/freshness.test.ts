import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { makeVersion } from '../../src/base/version.js';
import type { Record } from '../../src/cache/record.js';
import { clientTakes, currentAge, freshFor, mayBeStale } from '../../src/gateway/freshness.js';
import type { Request } from '../../src/gateway/request.js';
import { type Field, Fields } from '../../src/http/fields.js';

const NOW = Date.UTC(2026, 10, 15, 12);
const HOUR = 3_600_000;
const at = (milliseconds: number) => new Date(milliseconds).toUTCString();

/** Confirmed `age` milliseconds ago, with these fields. */
function record(age: number, ...fields: Field[]): Record {
  const version = makeVersion({ etag: '"x"', lastModified: undefined, date: undefined }, 1);
  return { version, fields: new Fields(fields), validated: NOW - age };
}

function left(most: number, age: number, ...fields: Field[]): number {
  return freshFor(record(age, ...fields), most, NOW);
}

function takes(headers: { readonly [name: string]: string }, age = 10_000, fresh = 60_000): boolean {
  const request: Request = { method: 'GET', target: '/', remoteAddress: '', field: (name) => headers[name] };
  return clientTakes(request, record(age), fresh, NOW);
}

test('the age is the time since the base was asked, and the Age of its answer (RFC 9111 §4.2.3)', () => {
  assert.equal(currentAge(record(5000), NOW), 5000);
  assert.equal(currentAge(record(5000, ['Age', '30']), NOW), 35_000);
});

test('of a list of ages the first counts, and one that is no number is ignored (RFC 9111 §5.1)', () => {
  assert.equal(currentAge(record(0, ['Age', '30, 60']), NOW), 30_000);
  assert.equal(currentAge(record(0, ['Age', '30'], ['Age', '60']), NOW), 30_000);
  assert.equal(currentAge(record(0, ['Age', 'old']), NOW), 0);
});

test('OffloadFresh counts if the base says nothing', () => {
  assert.equal(left(HOUR, 10_000), HOUR - 10_000);
  assert.ok(left(HOUR, HOUR + 1) <= 0);
  assert.equal(left(0, 0), 0);
});

test('the base may shorten it by s-maxage, max-age or Expires, in this order (RFC 9111 §4.2.1); never lengthen it', () => {
  assert.equal(left(HOUR, 0, ['Cache-Control', 'max-age=60']), 60_000);
  assert.equal(left(HOUR, 0, ['Cache-Control', 'max-age=60, s-maxage=30']), 30_000);
  assert.equal(left(HOUR, 0, ['Cache-Control', 's-maxage=90, max-age=60']), 90_000);
  assert.equal(left(HOUR, 0, ['Expires', at(NOW + 45_000)], ['Date', at(NOW)]), 45_000);
  assert.equal(left(HOUR, 0, ['Cache-Control', 'max-age=60'], ['Expires', at(NOW)], ['Date', at(NOW)]), 60_000);
  assert.equal(left(HOUR, 0, ['Cache-Control', 'max-age=99999']), HOUR);
});

test('the age that the base told is a part of that lifetime', () => {
  assert.equal(left(HOUR, 5000, ['Cache-Control', 'max-age=60'], ['Age', '30']), 25_000);
});

test('Expires is measured by the base’s own clock; without a Date, by the time of the answer (RFC 9110 §6.6.1)', () => {
  const skew = 2 * HOUR;
  assert.equal(left(HOUR, 0, ['Expires', at(NOW + skew + 45_000)], ['Date', at(NOW + skew)]), 45_000);
  assert.equal(left(HOUR, 0, ['Expires', at(NOW + 45_000)]), 45_000);
});

test('an invalid Expires, especially 0, is in the past (RFC 9111 §5.3); so is an invalid max-age (§4.2.1)', () => {
  assert.ok(left(HOUR, 0, ['Expires', '0']) <= 0);
  assert.ok(left(HOUR, 0, ['Expires', 'never'], ['Date', at(NOW)]) <= 0);
  assert.ok(left(HOUR, 0, ['Cache-Control', 'max-age=soon']) <= 0);
  assert.ok(left(HOUR, 0, ['Cache-Control', 's-maxage=-5, max-age=60']) <= 0);
});

test('no-cache of the base means asking every time, also with field names, also as Pragma', () => {
  assert.ok(left(HOUR, 0, ['Cache-Control', 'no-cache, max-age=60']) <= 0);
  assert.ok(left(HOUR, 0, ['Cache-Control', 'max-age=60, no-cache="X-Y"']) <= 0);
  assert.ok(left(HOUR, 0, ['Pragma', 'no-cache']) <= 0);
});

test('a confirmation from the future (a clock set back) makes nothing fresh', () => {
  assert.ok(left(HOUR, -2 * HOUR) <= 0);
});

test('a client may want the base asked: no-cache, max-age, min-fresh (RFC 9111 §5.2.1)', () => {
  assert.equal(takes({}), true);
  assert.equal(takes({ 'cache-control': 'no-cache' }), false);
  assert.equal(takes({ 'cache-control': 'max-age=9' }), false);
  assert.equal(takes({ 'cache-control': 'max-age=10' }), true);
  assert.equal(takes({ 'cache-control': 'min-fresh=61' }), false);
  assert.equal(takes({ 'cache-control': 'min-fresh=60' }), true);
  assert.equal(takes({ 'cache-control': 'max-age=soon, no-transform' }), true);
});

test('Pragma: no-cache counts only without Cache-Control', () => {
  assert.equal(takes({ pragma: 'No-Cache' }), false);
  assert.equal(takes({ pragma: 'no-cache', 'cache-control': 'max-age=60' }), true);
  assert.equal(takes({ pragma: 'x-no-cache' }), true);
});

test('no-store and max-stale of a client change nothing: they are advisory', () => {
  assert.equal(takes({ 'cache-control': 'no-store' }), true);
  assert.equal(takes({ 'cache-control': 'max-stale=1' }), true);
  assert.equal(takes({ 'cache-control': 'max-age=9, max-stale=100' }), false);
});

test('without the base a body is sent if it was confirmed within OffloadStaleIfError', () => {
  assert.equal(mayBeStale(record(HOUR - 1), HOUR, NOW), true);
  assert.equal(mayBeStale(record(HOUR + 1), HOUR, NOW), false);
  assert.equal(mayBeStale(record(0), 0, NOW), false);
});

test('no-cache, must-revalidate, proxy-revalidate and s-maxage forbid a stale answer (RFC 9111 §4.2.4)', () => {
  for (const value of ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage=0', 'max-age=5, must-revalidate']) {
    assert.equal(mayBeStale(record(10_000, ['Cache-Control', value]), HOUR, NOW), false, value);
  }
});

test('what is within the base’s own lifetime is not stale, and no-cache forbids it all the same', () => {
  for (const value of ['max-age=60, must-revalidate', 's-maxage=60', 'max-age=60, proxy-revalidate']) {
    assert.equal(mayBeStale(record(10_000, ['Cache-Control', value]), HOUR, NOW), true, value);
  }
  assert.equal(mayBeStale(record(10_000, ['Cache-Control', 'max-age=60, no-cache']), HOUR, NOW), false);
});
