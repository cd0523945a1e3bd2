// RFC 9110 §13 as a client sees it, cold and warm.
import { strict as assert } from 'node:assert';
import { etagOf, LAST_MODIFIED } from '../support/origin.js';
import { onEachFront } from '../support/front.js';

const BODY = { seed: 31, size: 3000 };
const ETAG = etagOf(BODY);
const BEFORE = 'Tue, 01 Sep 2026 07:59:59 GMT';
const METADATA = {
  'Cache-Control': 'max-age=60',
  Expires: 'Wed, 01 Sep 2027 08:00:00 GMT',
  Vary: 'Accept-Encoding',
  'Content-Location': '/elsewhere',
  'Access-Control-Allow-Origin': '*',
};

const CONDITIONS: readonly (readonly [status: number, headers: Readonly<Record<string, string>>])[] = [
  [200, { 'If-Match': ETAG }],
  [200, { 'If-Match': '*' }],
  [412, { 'If-Match': '"other"' }],
  [412, { 'If-Match': `W/${ETAG}` }],
  [412, { 'If-Match': '"other"', 'If-None-Match': ETAG }],
  [412, { 'If-Unmodified-Since': BEFORE }],
  [200, { 'If-Unmodified-Since': BEFORE, 'If-Match': `"other", ${ETAG}` }],
  [304, { 'If-None-Match': ETAG }],
  [304, { 'If-None-Match': `W/"other", W/${ETAG}` }],
  [304, { 'If-None-Match': '*' }],
  [200, { 'If-None-Match': '"other"', 'If-Modified-Since': LAST_MODIFIED }],
  [304, { 'If-Modified-Since': LAST_MODIFIED }],
  [304, { 'If-Modified-Since': 'Tuesday, 01-Sep-26 08:00:00 GMT' }],
  [200, { 'If-Modified-Since': BEFORE }],
  [200, { 'If-Modified-Since': 'garbage' }],
  [304, { 'If-None-Match': ETAG, Range: 'bytes=0-1' }],
  [206, { Range: 'bytes=0-1', 'If-Range': ETAG }],
  [206, { Range: 'bytes=0-1', 'If-Range': LAST_MODIFIED }],
  [200, { Range: 'bytes=0-1', 'If-Range': '"other"' }],
  [200, { Range: 'bytes=0-1', 'If-Range': `W/${ETAG}` }],
  [200, { Range: 'bytes=0-1', 'If-Range': BEFORE }],
];

onEachFront('each condition, in the order of §13.2.2', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  await ask('/a');
  for (const [status, headers] of CONDITIONS) {
    const answer = await ask('/a', { headers });
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.equal(answer.complete, true);
    if (status === 200) assert.equal(answer.length, BODY.size);
  }
  assert.equal(origin.count('GET', '/a'), 1);
});

onEachFront('a 304 has the fields that a cache needs (§15.4.5), no body, and nothing about a body; it pulls nothing', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, headers: { ...METADATA, 'Content-Language': 'de' } });
  for (const method of ['GET', 'HEAD']) {
    const { status, headers, length, lines } = await ask('/a', { method, headers: { 'If-None-Match': ETAG } });
    assert.deepEqual([status, length], [304, 0], lines.join('\n'));
    for (const [name, value] of Object.entries({ ...METADATA, ETag: ETAG, 'Last-Modified': LAST_MODIFIED })) assert.equal(headers.get(name), value, name);
    assert.equal(headers.get('Date'), origin.last('HEAD', '/a').status === 200 ? headers.get('Date') : undefined);
    for (const name of ['Content-Length', 'Content-Type', 'Content-Language', 'Content-Range', 'Transfer-Encoding']) assert.equal(headers.has(name), false, name);
    assert.ok(headers.has('Date') && headers.has('Age') && headers.has('Via'));
  }
  assert.equal(origin.count('GET', '/a'), 0);
});

onEachFront('a 412 says so, without a body for HEAD; it pulls nothing', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY });
  const get = await ask('/a', { headers: { 'If-Match': '"other"' } });
  assert.deepEqual([get.status, get.complete, get.headers.has('ETag')], [412, true, false]);
  assert.match(get.body.toString(), /precondition/);
  const head = await ask('/a', { method: 'HEAD', headers: { 'If-Match': '"other"' } });
  assert.deepEqual([head.status, head.length], [412, 0]);
  assert.equal(origin.count('GET', '/a'), 0);
});

onEachFront('conditions are ignored where the answer would not be a 2xx (§13.2.1)', async ({ origin, ask }) => {
  origin.file('/moved', { body: '', status: 302, headers: { Location: '/there', ETag: '"x"' } });
  for (const headers of [{ 'If-None-Match': '*' }, { 'If-Match': '"y"' }, { 'If-None-Match': '"x"' }] as Record<string, string>[]) {
    assert.equal((await ask('/missing', { headers })).status, 404);
    assert.equal((await ask('/moved', { headers })).status, 302);
  }
});

onEachFront('a Last-Modified in the second of Date is too weak for If-Range (§8.8.2.2)', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, headers: { Date: LAST_MODIFIED } });
  assert.equal((await ask('/a', { headers: { Range: 'bytes=0-1', 'If-Range': LAST_MODIFIED } })).status, 200);
  origin.replace('/a', { headers: { Date: 'Tue, 01 Sep 2026 08:00:01 GMT' } });
  assert.equal((await ask('/a', { headers: { Range: 'bytes=0-1', 'If-Range': LAST_MODIFIED } })).status, 206);
});

onEachFront('an ETag that breaks the grammar is passed on as it is, and found again when it comes back', async ({ origin, ask }) => {
  for (const [i, etag] of ['"../../x"', `"${'x'.repeat(300)}"`, '"a"b"', 'unquoted', '"back\\slash"', '"\xe9\xff"', '"a", "b"', '""'].entries()) {
    origin.file(`/${i}`, { body: BODY, etag });
    const whole = await ask(`/${i}`);
    assert.deepEqual([whole.status, whole.headers.get('ETag'), whole.length], [200, etag, BODY.size]);
    assert.equal((await ask(`/${i}`, { headers: { 'If-None-Match': etag } })).status, 304, etag);
  }
});

onEachFront('what must not be stored is compared with the conditions all the same', async ({ origin, ask }) => {
  origin.file('/a', { body: BODY, headers: { ...METADATA, 'Cache-Control': 'no-store' } });
  const unchanged = await ask('/a', { headers: { 'If-None-Match': ETAG } });
  assert.deepEqual([unchanged.status, unchanged.length, unchanged.headers.get('Cache-Control')], [304, 0, 'no-store']);
  assert.equal((await ask('/a', { headers: { 'If-Match': '"other"' } })).status, 412);
  assert.equal(origin.count('GET', '/a'), 0);
  assert.equal((await ask('/a', { headers: { 'If-None-Match': '"other"' } })).length, BODY.size);
});
