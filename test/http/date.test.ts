import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseHttpDate } from '../../src/http/date.js';

const TIME = Date.UTC(1994, 10, 6, 8, 49, 37);
const NOW = Date.UTC(2026, 10, 15);

function year(text: string): number {
  return new Date(parseHttpDate(text, NOW) ?? Number.NaN).getUTCFullYear();
}

test('all three forms of an HTTP-date are accepted (RFC 9110 §5.6.7)', () => {
  assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'), TIME);
  assert.equal(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW), TIME);
  assert.equal(parseHttpDate('Sun Nov  6 08:49:37 1994'), TIME);
});

test('a two-digit year that appears to be more than 50 years in the future is of the past century', () => {
  assert.equal(year('Saturday, 14-Nov-76 00:00:00 GMT'), 2076);
  assert.equal(year('Tuesday, 16-Nov-76 00:00:00 GMT'), 1976);
  assert.equal(year('Monday, 06-Nov-78 08:49:37 GMT'), 1978);
  assert.equal(year('Monday, 06-Nov-00 08:49:37 GMT'), 2000);
});

test('a leap second is a time', () => {
  assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT'), Date.UTC(2017, 0, 1));
});

test('what is no HTTP-date is none', () => {
  const wrong = [
    '',
    'yesterday',
    '0',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:60 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 06 Nov 1994 99:99:60 GMT',
    // RFC 9110 §13.1.3: a field with more than one member is ignored.
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ];
  for (const text of wrong) assert.equal(parseHttpDate(text), undefined, text);
  assert.equal(parseHttpDate(undefined), undefined);
});
