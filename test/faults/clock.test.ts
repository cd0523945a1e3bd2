import { strict as assert } from 'node:assert';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Gate } from '../support/origin.js';
import { assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { setClock } from './troubles.js';

const MIB = 1_048_576;
const DAY = 86_400_000;

/** Processes whose clock is moved, by milliseconds, from their start on. */
function movedBy(s: Scene, moved: number) {
  const clock = join(s.dir, 'clock.cjs');
  copyFileSync(join(__dirname, 'clock.cjs'), clock);
  setClock(s.dir, moved);
  return { env: { NODE_OPTIONS: `--require=${clock}` } };
}

describe('a clock that is set', { concurrency: 2 }, () => {
  const moves = [['back', 2 * DAY, 0], ['forth', 0, 2 * DAY], ['back into the past', 0, -2 * DAY], ['back by half a minute', 30_000, 0]] as const;
  for (const [what, first, then] of moves) {
    test(`${what}: the newer version is the one that stays`, async (t) => {
      const s = await scene(t);
      const [old, now] = [s.pattern('/a', MIB, {}, 1), { seed: 2, size: MIB + 1 }];
      assertWhole(await s.get('/a', movedBy(s, first)), old);
      await s.idle();
      s.origin.file('/a', { body: now });
      for (let i = 0; i < 2; i++) {
        assertWhole(await s.get('/a', movedBy(s, then)), now);
        await s.idle();
      }
      assert.equal(s.origin.count('GET'), 2);
      assert.deepEqual(s.kinds('/a'), ['body', 'head']);
    });
  }

  test('differently on two who fill and follow: one GET', async (t) => {
    const s = await scene(t);
    const gate = new Gate(MIB);
    const body = s.pattern('/a', 2 * MIB, { hold: gate });
    const filler = await s.start('/a', { ...movedBy(s, DAY), check: checks(body) });
    await filler.waitForBody(MIB);
    const follower = await s.start('/a', { check: checks(body) });
    await follower.waitForBody(MIB);
    gate.release();
    for (const client of [filler, follower]) assertWhole(await client.done, body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
  });
});
