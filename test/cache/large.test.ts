import { strict as assert } from 'node:assert';
import { statSync, truncateSync } from 'node:fs';
import { test } from 'node:test';
import { leavePart } from '../support/forge.js';
import { assertWhole, checks, scene } from '../support/scene.js';

const MIB = 1_048_576;
const GIB = 1024 * MIB;
const SIZE = 5 * GIB + 123;

test('a file over 4 GiB: its end is pulled, waited for, and sent; its size is right everywhere', async (t) => {
  const s = await scene(t);
  const body = s.pattern('/a', SIZE);
  // All but the last MiB was pulled before (here a hole stands for it).
  const left = await leavePart(s, '/a', body, 0);
  truncateSync(left.part, SIZE - MIB);
  const start = SIZE - MIB + 100;
  const range = { Range: `bytes=${start}-` };
  const cold = await s.get('/a', { headers: range, check: checks(body, start) });
  assertWhole(cold, body, start);
  assert.equal(cold.headers.get('Content-Range'), `bytes ${start}-${SIZE - 1}/${SIZE}`);
  await s.idle();
  assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${SIZE - MIB}-`);
  assert.equal(statSync(left.body).size, SIZE);
  assertWhole(await s.get('/a', { headers: { Range: 'bytes=-5' } }), body, SIZE - 5);
  assert.equal((await s.head('/a')).headers.get('Content-Length'), String(SIZE));
  const whole = await s.start('/a');
  assert.equal((await whole.head).headers.get('Content-Length'), String(SIZE));
  whole.leave();
  assert.equal(s.origin.count('GET'), 1);
});

// A minute and 4 GiB of disk: only when it is asked for.
if (process.env['OFFLOAD_TEST_LARGE'] !== undefined) {
  test('a file over 4 GiB is pulled and sent from its first byte to its last', async (t) => {
    const s = await scene(t);
    const body = s.pattern('/a', 4 * GIB + 3 * MIB + 1);
    const client = await s.start('/a', { check: checks(body) });
    const result = await client.done;
    assert.deepEqual([result.length, result.exitCode], [body.size, 0]);
    await s.idle();
    assert.equal(statSync(s.file('/a', 'body')).size, body.size);
    assert.equal(s.origin.count('GET'), 1);
  });
}
