import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Lock, LockWatch } from '../../src/cache/lock.js';
import { forgeLock } from '../support/forge.js';
import { tempDir } from '../support/place.js';

test('a filler that is quicker than the process that started it waits until the lock names it: its word is not overwritten', async (t) => {
  const path = join(tempDir(t), 'x.lock');
  forgeLock(path, { pid: process.ppid, filling: false });
  const adopting = Lock.adopt({ path, number: 0, token: 'forged', by: process.ppid });
  const first = await Promise.race([adopting, new Promise((resolve) => setImmediate(() => resolve('waits')))]);
  assert.equal(first, 'waits');
  forgeLock(path, { filling: false }); // what `assign` writes
  const lock = await adopting;
  assert.ok(lock);
  lock.confirm();
  const state = new LockWatch(path).look();
  assert.ok(state.state === 'held' && state.filling);
  lock.release();
});

test('a filler whose lock is gone, or another one by now, does nothing', async (t) => {
  const path = join(tempDir(t), 'x.lock');
  assert.equal(await Lock.adopt({ path, number: 0, token: 'forged', by: process.ppid }), undefined);
  forgeLock(path, {});
  assert.equal(await Lock.adopt({ path, number: 0, token: 'another', by: process.ppid }), undefined);
});
