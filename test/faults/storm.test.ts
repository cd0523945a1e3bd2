import { test } from 'node:test';
import { lacking } from '../support/servers/server.js';
import { storm } from './storm.js';

/** Milliseconds of trouble; `npm run test:faults` is the long run, with other seeds. */
const DURATION = 5000;
/** It once showed what went wrong at serve. */
const SEED = 1439698961;

for (const [front, skip] of [['apache', lacking('apache2')], ['serve', false]] as const) {
  test(`whatever goes wrong at once, under ${front}: each answer is right or seen to be short, and nothing is left behind`, { skip }, async (t) => {
    const { answers, troubles, changes } = await storm(t, { front, seed: SEED, milliseconds: DURATION });
    t.diagnostic(`${JSON.stringify(answers)}, ${JSON.stringify(troubles)}, ${changes} changes on the base`);
  });
}
