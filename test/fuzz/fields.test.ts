// Whatever a client or a base writes into a field: no crash, no hang, and what comes out can be used.
import { strict as assert } from 'node:assert';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { judge } from '../../src/base/judge.js';
import { versionOf } from '../../src/base/version.js';
import { admit } from '../../src/gateway/admit.js';
import { clientAddress } from '../../src/gateway/client-address.js';
import { select } from '../../src/gateway/selection.js';
import { checkPreconditions, ifRangeHolds } from '../../src/http/conditions.js';
import { parseHttpDate } from '../../src/http/date.js';
import { parseETags } from '../../src/http/etag.js';
import { cacheControl, deltaSeconds, Fields, listMembers } from '../../src/http/fields.js';
import { parseContentRange, parseRange } from '../../src/http/range.js';
import { fuzz, type Random } from '../support/random.js';

const NUMBERS = ['0', '1', '9', '99', '100', '2147483648', '9007199254740993', '99999999999999999999999', '1e3', '-1', '+1', '0x10', ' ', ''];
const RANGE = ['bytes=', 'bytes', '=', '-', ',', '--', ' ', '\t', '\r\n', 'items=', ...NUMBERS];

test('Range: what is satisfiable lies within the file, in the order asked', () =>
  fuzz(20_000, (random) => {
    const value = random.text(RANGE, 12);
    const length = random.pick([0, 1, 100, 5_000_000_000, Number.MAX_SAFE_INTEGER]);
    const ranges = parseRange(value, length);
    parseContentRange(random.text(['bytes ', '/', '*', '-', ...NUMBERS], 8));
    if (ranges === undefined || ranges === 'unsatisfiable') return;
    assert.ok(ranges.length > 0);
    for (const { start, end } of ranges) {
      assert.ok(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end < length, `${value} of ${length}: ${start}-${end}`);
    }
  }));

const DATES = ['Tue, 01 Sep 2026 08:00:00 GMT', 'Tuesday, 01-Sep-26 08:00:00 GMT', 'Tue Sep  1 08:00:00 2026'];

test('dates: a number that is one, or none; what Date writes is read again', () =>
  fuzz(20_000, (random) => {
    const time = parseHttpDate(random.mutate(random.pick(DATES)));
    assert.ok(time === undefined || Number.isFinite(time));
    const known = random.below(2 ** 32) * 1000;
    assert.equal(parseHttpDate(new Date(known).toUTCString()), known);
  }));

const TAGS = ['"a"', 'W/"a"', '"', 'W/', '*', ',', ' ', '\\"', "'a'", 'a', '"a', ...DATES];

test('conditions: 200, 304 or 412; If-Range yes or no; a selection that fits the file', () =>
  fuzz(10_000, (random) => {
    const fields = new Map(['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'].map((name) => [name, random.text(TAGS, 5)]));
    if (random.below(2) === 0) fields.set('range', random.text(RANGE, 12));
    for (const name of fields.keys()) if (random.below(2) === 0) fields.delete(name);
    const length = random.pick([0, 1, 1000, 5_000_000_000]);
    const base = new Fields([['ETag', random.text(TAGS, 2)], ['Last-Modified', random.pick(DATES)], ['Content-Length', String(length)], ['Content-Type', 'text/x']]);
    const version = versionOf(base);
    assert.ok(version !== undefined);
    const field = (name: string) => fields.get(name);
    assert.ok([200, 304, 412].includes(checkPreconditions(field, version)));
    assert.equal(typeof ifRangeHolds(field('if-range'), version), 'boolean');
    const selection = select({ method: 'GET', target: '/', field, remoteAddress: '' }, version, base);
    const sum = selection.pieces.reduce((bytes, piece) => bytes + ('start' in piece ? piece.end - piece.start + 1 : piece.length), 0);
    assert.equal(sum, selection.length);
    if (selection.status === 206) assert.ok(selection.length <= length + 200 * 300);
  }));

const HOPS = ['for=', 'For="', '"', '[', ']', '2001:db8::1', '::ffff:1.2.3.4', '1.2.3.4', '10.0.0.1', ':80', ';', ',', ' ', 'by=', 'unknown', '_x', '999.1.1.1', '1.2.3', '%', 'fe80::1%eth0'];

test('Forwarded and X-Forwarded-For: the peer, or an address; never what anybody but the trusted proxy has written', () =>
  fuzz(10_000, (random) => {
    const fields = new Map([['forwarded', random.text(HOPS, 10)], ['x-forwarded-for', random.text(HOPS, 10)]]);
    for (const name of fields.keys()) if (random.below(3) === 0) fields.delete(name);
    const request = { method: 'GET', target: '/', field: (name: string) => fields.get(name), remoteAddress: random.pick(['10.0.0.1', '192.0.2.1', '::1', 'unix:', '']) };
    const trusted = random.pick([[], ['10.0.0.0/8'], ['10.0.0.0/8', '::1', '2001:db8::/32']]);
    const address = clientAddress(request, trusted);
    assert.ok(address === request.remoteAddress || isIP(address) !== 0, address);
    if (request.remoteAddress === '192.0.2.1') assert.equal(address, '192.0.2.1');
  }));

const URLS = ['/', '//', '..', '.', '%2e', '%00', '%', '?', '#', '@', ':', 'http://', 'https://', 'HTTP://x', 'a', '\\', ' ', '\r', '\n', '\0', '\x7f', 'é', '*'];

test('URLs: a path that begins with a slash and fits into one request line, or a refusal', () =>
  fuzz(20_000, (random) => {
    const admitted = admit({ method: 'GET', target: random.text(URLS, 12), field: () => undefined, remoteAddress: '' });
    if ('status' in admitted) assert.ok(admitted.status >= 400 || admitted.status === 200);
    else assert.match(admitted.path, /^\/[^\x00-\x20\x7f#?]*$/);
  }));

const DIRECTIVES = ['no-store', 'private', 'max-age', 's-maxage', '=', '"', '\\', ',', ';', ' ', ...NUMBERS];

test('what a base says: every answer is judged', () =>
  fuzz(10_000, (random) => {
    const names = ['Cache-Control', 'Vary', 'Content-Encoding', 'Content-Length', 'ETag', 'Last-Modified', 'Date', 'Set-Cookie', 'Age'];
    const list = names.filter(() => random.below(2) === 0).map((name) => [name, random.text([...DIRECTIVES, ...TAGS], 5)] as const);
    const judged = judge({ status: random.pick([200, 204, 206, 304, 401, 404, 500]), fields: new Fields(list) });
    if (judged.kind !== 'version') return;
    assert.ok(Number.isSafeInteger(judged.version.length) && judged.version.length >= 0);
    assert.match(judged.version.id, /^[\w,~-]{1,120}$/);
  }));

const long = (random: Random): string => random.pick(['"', '\\', '\\"', ',', ' ', '\t', 'a', '=', '0', '-', 'W/', '1-', '/', ';for=', '[', ':', 'max-age="', '"a",'])
  .repeat(100_000) + random.pick(['', 'x', '"', '\x00']);

test('100,000 repeats of anything keep no parser busy for long', () =>
  fuzz(60, (random) => {
    const text = long(random);
    parseRange(`bytes=${text}`, 1000);
    parseContentRange(`bytes ${text}`);
    parseHttpDate(text);
    parseETags(text, '"a"');
    listMembers(text);
    deltaSeconds(text);
    cacheControl(text);
    clientAddress({ method: 'GET', target: '/', field: () => text, remoteAddress: '10.0.0.1' }, ['10.0.0.0/8']);
    admit({ method: 'GET', target: text, field: () => text, remoteAddress: '' });
    judge({ status: 200, fields: new Fields([['Cache-Control', text], ['Vary', text], ['ETag', text], ['Content-Length', '5'], ['Last-Modified', text]]) });
  }));
