import { strict as assert } from 'node:assert';
import { utimesSync } from 'node:fs';
import { test } from 'node:test';
import type { CgiResult } from '../support/cgi.js';
import { etagOf, LAST_MODIFIED } from '../support/origin.js';
import { scene } from '../support/scene.js';

const PASSED = {
  'Content-Type': 'application/x-\u00e9; charset="\u00ff"',
  'Content-Disposition': "attachment; filename=\"\u00fcber.zip\"; filename*=UTF-8''%C3%BCber.zip",
  'Content-Language': 'de, en',
  'Content-Security-Policy': "default-src 'none'",
  'Cache-Control': 'public, max-age=600, x="a, b"',
  Expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
  Link: '<https://x.example/canonical>; rel="canonical"',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Length',
  'Timing-Allow-Origin': '*',
  'X-Content-Type-Options': 'nosniff',
  'X-Custom': 'caf\u00e9 \u0080\u00ff "quoted" (comment)',
  'x-lower': '1',
  Digest: 'sha-256=AAAA',
  Vary: 'Accept-Encoding',
  Tk: '!',
};

const NOT_PASSED = {
  'Keep-Alive': 'timeout=5',
  'Proxy-Authenticate': 'Basic',
  'Proxy-Connection': 'close',
  Trailer: 'X-T',
  Upgrade: 'h2c',
  Server: 'base/1.0',
  'Strict-Transport-Security': 'max-age=1',
  'Alt-Svc': 'h3=":443"',
  'Clear-Site-Data': '"*"',
  // What a web server would take for a CGI's words.
  Status: '500 Mine',
  Location: '/etc/passwd',
  'X-Sendfile': '/etc/passwd',
  'X-SENDFILE': '/etc/passwd',
  'X-Sendfile2': '/etc/passwd 0-9',
  'X-Send-File': '/etc/passwd',
  'X-Sendfile-Temporary': '/etc/passwd',
  'X-LIGHTTPD-send-file': '/etc/passwd',
  'X-LIGHTTPD-KBytes-per-second': '1',
  'X-Accel-Redirect': '/internal',
  'X-Accel-Buffering': 'no',
  'X-Accel-Expires': '0',
  'X-LiteSpeed-Location': '/etc/passwd',
  'X-LiteSpeed-Purge': '*',
  'X-Reproxy-URL': 'http://inside/',
  'Script-Control': 'no-abort',
  // Named by Connection below.
  'X-Hop': '1',
};

function assertFields(result: CgiResult): void {
  for (const [name, value] of Object.entries(PASSED)) assert.deepEqual(result.headers.all(name), [value], name);
  for (const name of Object.keys(NOT_PASSED)) {
    if (name === 'Status') assert.deepEqual(result.headers.all(name), ['200 OK']);
    else assert.equal(result.headers.has(name), false, name);
  }
  assert.deepEqual(result.headers.all('Via'), ['1.0 inner, 1.1 offload']);
  for (const name of ['Content-Length', 'Date', 'Cache-Status']) assert.equal(result.headers.all(name).length, 1, name);
  assert.equal(result.headers.get('Content-Length'), '5');
  assert.match(result.headers.get('Cache-Status') ?? '', /^inner; hit, offload; /);
}

const spec = {
  body: 'hello',
  headers: { ...PASSED, ...NOT_PASSED, Connection: 'close, X-Hop', Via: '1.0 inner', 'Cache-Status': 'inner; hit', Age: '100', 'Accept-Ranges': 'none' },
};

test('end-to-end fields reach the client byte for byte, cold and warm, for GET and HEAD; others don\'t', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', spec);
  for (const method of ['HEAD', 'GET', 'GET', 'HEAD']) {
    const result = await s.get('/a', { method });
    assertFields(result);
    assert.deepEqual(result.headers.all('ETag'), [etagOf('hello')]);
    assert.deepEqual(result.headers.all('Last-Modified'), [LAST_MODIFIED]);
    assert.deepEqual(result.headers.all('Accept-Ranges'), ['bytes']);
    assert.match(result.headers.all('Age').join(), /^10\d$/);
    await s.idle();
  }
});

test('they do when it is passed through, too', async (t) => {
  const s = await scene(t);
  const headers = { ...spec.headers, 'Set-Cookie': 'id=1', 'Set-Cookie2': 'x' };
  s.origin.file('/a', { body: 'hello', headers });
  for (const method of ['HEAD', 'GET']) {
    const result = await s.get('/a', { method });
    assertFields(result);
    for (const name of ['Set-Cookie', 'Set-Cookie2']) assert.equal(result.headers.has(name), false);
  }
});

test('several fields of one name stay several', async (t) => {
  const s = await scene(t);
  const lines = ['Link: <a>; rel=x', 'X-Other: 1', 'Link: <b>; rel=y'];
  s.origin.file('/a', { body: 'hello', lines });
  for (const _ of ['cold', 'warm']) assert.deepEqual((await s.get('/a')).headers.all('Link'), ['<a>; rel=x', '<b>; rel=y']);
  await s.idle();
});

test('what the base now says of an unchanged file is what clients get, also while it can\'t be asked', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: 'hello', headers: { 'Content-Type': 'text/old', 'X-Gone': '1' } });
  await s.get('/a');
  await s.idle();
  s.origin.file('/a', { body: 'hello', headers: { 'Content-Type': 'text/new' } });
  // It is noted once a minute.
  utimesSync(s.file('/a', 'head'), Date.now() / 1000 - 90, Date.now() / 1000 - 90);
  for (const when of ['now', 'later']) {
    const result = await s.get('/a');
    assert.equal(result.headers.get('Content-Type'), 'text/new', when);
    assert.equal(result.headers.has('X-Gone'), false);
    await s.origin.refuse();
  }
  assert.equal(s.origin.count('GET'), 1);
});

test('an ETag with bytes over 127 is kept as it is, and a client\'s is found equal', async (t) => {
  const s = await scene(t);
  const etag = '"\u0080\u00e9\u00ff"';
  s.origin.file('/a', { body: 'hello', etag });
  for (const _ of ['cold', 'warm']) assert.equal((await s.get('/a')).headers.get('ETag'), etag);
  assert.equal((await s.get('/a', { headers: { 'If-None-Match': etag } })).status, 304);
  await s.idle();
});

test('an nph- script writes the whole response, and its length stands', async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: 'hello' });
  for (const _ of ['cold', 'warm']) {
    const result = await s.get('/a', { nph: true });
    assert.equal(result.lines[0], 'HTTP/1.1 200 OK');
    assert.deepEqual([result.headers.has('Status'), result.headers.get('Connection'), result.headers.get('Content-Length')], [false, 'close', '5']);
    assert.equal(result.body.toString(), 'hello');
  }
  await s.idle();
});
