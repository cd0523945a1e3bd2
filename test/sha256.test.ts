import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test from 'node:test';
import { sha256 } from '../src/sha256';

test('sha256 agrees with node:crypto for every length around its block sizes, and for random bytes', () => {
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length);
    assert.equal(sha256(bytes), createHash('sha256').update(bytes).digest('hex'), `${length} bytes`);
  }
});

test('sha256 agrees with node:crypto for as long a URL as is taken', () => {
  const bytes = randomBytes(16_100);
  assert.equal(sha256(bytes), createHash('sha256').update(bytes).digest('hex'));
});
