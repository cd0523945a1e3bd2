import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isStrong, parseETags, strongMatch, weakMatch } from '../../src/http/etag.js';

test('strong comparison: equal, and neither is weak (RFC 9110 §8.8.3.2, its table)', () => {
  assert.equal(strongMatch('W/"1"', 'W/"1"'), false);
  assert.equal(strongMatch('W/"1"', 'W/"2"'), false);
  assert.equal(strongMatch('W/"1"', '"1"'), false);
  assert.equal(strongMatch('"1"', '"1"'), true);
});

test('weak comparison: the opaque tags are equal (RFC 9110 §8.8.3.2, its table)', () => {
  assert.equal(weakMatch('W/"1"', 'W/"1"'), true);
  assert.equal(weakMatch('W/"1"', 'W/"2"'), false);
  assert.equal(weakMatch('W/"1"', '"1"'), true);
  assert.equal(weakMatch('"1"', '"1"'), true);
});

test('the weakness indicator is case-sensitive, and so is a tag (RFC 9110 §8.8.3)', () => {
  assert.equal(weakMatch('w/"1"', '"1"'), false);
  assert.equal(weakMatch('"a"', '"A"'), false);
});

test('a tag that breaks the grammar is never strong: no quotes, a quote or a blank within, a control character', () => {
  for (const tag of ['abc', '', '"a', '"a"b"', '"a b"', '"a\tb"', '"a\x7fb"', 'W/"a"', undefined]) assert.equal(isStrong(tag), false, tag);
  for (const tag of ['""', '"a"', '"../../x"', '"back\\slash"', '"a,b"', '"\xe9\xff"', `"${'x'.repeat(300)}"`]) assert.equal(isStrong(tag), true, tag);
});

test('a list is taken apart; commas and blanks within quotes belong to the tag; empty members are ignored (RFC 9110 §5.6.1)', () => {
  assert.deepEqual(parseETags('"a", W/"b","c,d" ,, "e f"', undefined), ['"a"', 'W/"b"', '"c,d"', '"e f"']);
  assert.deepEqual(parseETags('', undefined), []);
  assert.equal(parseETags(' * ', undefined), '*');
});

test('a hostile tag is found again as it was sent', () => {
  for (const tag of ['"a"b"', 'unquoted tag', '"a", "b"']) assert.deepEqual(parseETags(tag, tag), [tag]);
});
