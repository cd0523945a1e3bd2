import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cacheStatus } from '../../src/gateway/cache-status.js';
import { Fields } from '../../src/http/fields.js';

test('a member is our token and its parameters, each with the type of RFC 9211 §2', () => {
  assert.deepEqual(cacheStatus({ hit: true, detail: 'fresh' }), ['Cache-Status', 'offload; hit; detail=fresh']);
  assert.deepEqual(cacheStatus({ fwd: 'uri-miss', fwdStatus: 200, stored: true, collapsed: true }), [
    'Cache-Status',
    'offload; fwd=uri-miss; fwd-status=200; stored; collapsed',
  ]);
});

test('what is false is left out', () => {
  assert.deepEqual(cacheStatus({ fwd: 'miss', stored: false, collapsed: false }), ['Cache-Status', 'offload; fwd=miss']);
});

test('the caches nearer to the base come before us (§2)', () => {
  const base = Fields.fromRaw(['Cache-Status', 'origin-cache; hit', 'cache-status', '"a cdn"; fwd=stale']);
  assert.equal(cacheStatus({ hit: true }, base)[1], 'origin-cache; hit, "a cdn"; fwd=stale, offload; hit');
});
