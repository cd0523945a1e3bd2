import { test } from 'node:test';
import { lacking } from '../support/servers/server.js';
import { storm } from './storm.js';

/** Milliseconds of trouble; `npm run test:faults` is the long run. */
const DURATION = 5000;
// Seed 1439698961 still fails at serve, now and then: until that is understood (issue 6) it runs by hand only.
if (process.env['OFFLOAD_TEST_STORM'] !== undefined) {
  for (const [front, skip] of [['apache', lacking('apache2')], ['serve', false]] as const) {
    test(`whatever goes wrong at once, under ${front}: each answer is right or seen to be short, and nothing is left behind`, { skip }, async (t) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { answers, troubles, changes } = await storm(t, { front, seed, milliseconds: DURATION });
      t.diagnostic(`seed ${seed}: ${JSON.stringify(answers)}, ${JSON.stringify(troubles)}, ${changes} changes on the base`);
    });
  }
}
