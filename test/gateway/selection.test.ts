import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { makeVersion } from '../../src/base/version.js';
import { isRange } from '../../src/gateway/reply.js';
import { select, type Selection } from '../../src/gateway/selection.js';
import { type Field, Fields } from '../../src/http/fields.js';

const TYPE: Field = ['Content-Type', 'text/html; charset=x'];

function selected(headers: { readonly [name: string]: string }, fields: readonly Field[] = [TYPE], length = 10_000): Selection {
  const version = makeVersion({ etag: '"x"', lastModified: undefined, date: undefined }, length);
  return select({ method: 'GET', target: '/', remoteAddress: '', field: (name) => headers[name] }, version, new Fields(fields));
}

function ranges(range: string): string {
  return selected({ range }).pieces.filter(isRange).map(({ start, end }) => `${start}-${end}`).join(' ');
}

function fieldOf({ fields }: Selection, name: string): string | undefined {
  return new Fields(fields).get(name);
}

test('overlapping ranges are sent as one (RFC 9110 §15.3.7.2)', () => {
  assert.equal(ranges('bytes=0-499,300-999'), '0-999');
  assert.equal(ranges('bytes=300-999,0-499'), '0-999');
  assert.equal(ranges('bytes=0-999,100-200'), '0-999');
  assert.equal(ranges('bytes=100-200,0-999'), '0-999');
  assert.equal(ranges('bytes=0-,-1'), '0-9999');
});

test('ranges with a gap smaller than a part’s header takes are sent as one', () => {
  assert.equal(ranges('bytes=0-9,20-29'), '0-29');
  assert.equal(ranges('bytes=0-9,10-19'), '0-19');
  assert.equal(ranges('bytes=0-9,1000-1009'), '0-9 1000-1009');
});

test('a range between two others joins them all', () => {
  assert.equal(ranges('bytes=0-99,300-399,5000-5001,100-299'), '0-399 5000-5001');
});

test('parts keep the order asked', () => {
  assert.equal(ranges('bytes=9000-9001,0-1,-2,5000-5001'), '9000-9001 0-1 9998-9999 5000-5001');
  assert.equal(ranges('bytes=5000-5001,0-1,5002-5003'), '5000-5003 0-1');
});

test('a single range is never multipart, nor are several that became one (§15.3.7.2)', () => {
  for (const range of ['bytes=0-1', 'bytes=0-1,20000-', 'bytes=0-5,3-9']) {
    const selection = selected({ range });
    assert.equal(fieldOf(selection, 'content-type'), TYPE[1], range);
    assert.match(fieldOf(selection, 'content-range') ?? '', /^bytes 0-\d\/10000$/);
  }
});

test('a multipart header has no Content-Range; each part has one, and the Content-Type of the file', () => {
  const selection = selected({ range: 'bytes=0-1,5000-5001' });
  assert.equal(fieldOf(selection, 'content-range'), undefined);
  assert.match(fieldOf(selection, 'content-type') ?? '', /^multipart\/byteranges; boundary=[\w-]{10,70}$/);
  const [first] = selection.pieces;
  assert.ok(Buffer.isBuffer(first));
  assert.match(first.toString(), /^\r\n--[\w-]+\r\nContent-Type: text\/html; charset=x\r\nContent-Range: bytes 0-1\/10000\r\n\r\n$/);
});

test('parts of a file without a Content-Type have none', () => {
  const [first] = selected({ range: 'bytes=0-1,5000-5001' }, []).pieces;
  assert.ok(Buffer.isBuffer(first));
  assert.match(first.toString(), /^\r\n--[\w-]+\r\nContent-Range: bytes 0-1\/10000\r\n\r\n$/);
});

test('a digest of the whole content does not go with a part of it (RFC 9530 §2)', () => {
  const fields: Field[] = [TYPE, ['Content-Digest', 'sha-256=:x:'], ['Content-MD5', 'x'], ['Repr-Digest', 'sha-256=:y:']];
  assert.equal(fieldOf(selected({}, fields), 'content-digest'), 'sha-256=:x:');
  const part = selected({ range: 'bytes=0-1' }, fields);
  assert.deepEqual([fieldOf(part, 'content-digest'), fieldOf(part, 'content-md5'), fieldOf(part, 'repr-digest')], [undefined, undefined, 'sha-256=:y:']);
});

test('conditions come before the range: 304 and 412 before 416 and 206 (§13.2.2)', () => {
  assert.equal(selected({ range: 'bytes=0-1', 'if-none-match': '"x"' }).status, 304);
  assert.equal(selected({ range: 'bytes=20000-', 'if-match': '"y"' }).status, 412);
  assert.equal(selected({ range: 'bytes=20000-', 'if-none-match': '"y"' }).status, 416);
});

test('If-Range that does not hold: the whole file, even where the range would be unsatisfiable (§13.1.5)', () => {
  assert.equal(selected({ range: 'bytes=0-1', 'if-range': '"y"' }).status, 200);
  assert.equal(selected({ range: 'bytes=20000-', 'if-range': '"y"' }).status, 200);
  assert.equal(selected({ range: 'bytes=20000-', 'if-range': '"x"' }).status, 416);
  assert.equal(selected({ 'if-range': '"y"' }).status, 200);
});

test('200 one-byte ranges far apart cost little more than their bytes and parts’ headers', () => {
  const range = `bytes=${Array.from({ length: 200 }, (_, i) => `${i * 1000}-${i * 1000}`).join(',')}`;
  const { pieces, length } = selected({ range }, [TYPE], 1_000_000);
  assert.equal(pieces.filter(isRange).length, 200);
  assert.ok(length < 200 * 200, `${length} bytes`);
});
