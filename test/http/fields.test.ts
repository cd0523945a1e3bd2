import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cacheControl, deltaSeconds, Fields, listMembers } from '../../src/http/fields.js';

test('names are case-insensitive; several lines are one list, in order (RFC 9110 §5.1, §5.3)', () => {
  const fields = Fields.fromRaw(['Vary', 'a', 'ETag', '"x"', 'vARY', 'b, c']);
  assert.equal(fields.get('VARY'), 'a, b, c');
  assert.deepEqual(fields.all('vary'), ['a', 'b, c']);
  assert.equal(fields.get('etag'), '"x"');
  assert.equal(fields.get('expires'), undefined);
  assert.equal(fields.has('expires'), false);
});

test('empty members of a list are ignored (§5.6.1)', () => {
  assert.deepEqual(listMembers(' a,, b ,\t,c,'), ['a', 'b', 'c']);
  assert.deepEqual(listMembers(undefined), []);
});

test('directives are case-insensitive; an argument is a token or a quoted string (RFC 9111 §5.2)', () => {
  const directives = cacheControl('Max-Age=60, NO-CACHE="Set-Cookie, ETag", s-maxage="30" , public');
  assert.equal(directives.get('max-age'), '60');
  assert.equal(directives.get('no-cache'), 'Set-Cookie, ETag');
  assert.equal(directives.get('s-maxage'), '30');
  assert.equal(directives.get('public'), '');
  assert.equal(directives.has('etag'), false);
});

test('of a directive given twice the first counts (RFC 9111 §4.2.1)', () => {
  assert.equal(cacheControl('max-age=1, max-age=100').get('max-age'), '1');
});

test('garbage around a directive does not hide it', () => {
  for (const value of [',, no-store', 'x="unclosed, no-store', '=;no-store', 'a b c, no-store', 'no-store ; x']) {
    assert.equal(cacheControl(value).has('no-store'), true, value);
  }
});

test('delta-seconds are digits; more than 2^31 is 2^31 (RFC 9111 §1.2.2)', () => {
  assert.equal(deltaSeconds('60'), 60_000);
  assert.equal(deltaSeconds('0'), 0);
  assert.equal(deltaSeconds('9'.repeat(400)), 2 ** 31 * 1000);
  for (const argument of ['', '-1', '1.5', '0x10', ' 1', 'soon', undefined]) assert.equal(deltaSeconds(argument), undefined, argument);
});
