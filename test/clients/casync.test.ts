import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { testClient } from './compare.js';
import { describeFile, lines, makeFile, statuses, succeeded } from './outcome.js';
import { runProgram } from './programs.js';

const SIZE = 500_000;

testClient('casync', ['casync'], [
  {
    name: 'casync extract fetches only the chunks that are not here',
    files: async (dir) => {
      makeFile(join(dir, 'image'), 1, SIZE);
      succeeded(await runProgram(dir, 'casync', ['make', '--store=store.castr', 'image.caibx', 'image']));
    },
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'seed'), patternBytes(1, 0, SIZE / 2));
      const { stdout, stderr } = succeeded(await run('casync', 'extract', '--seed=seed', `--store=${url}store.castr`, `${url}image.caibx`, 'image'));
      const requests = take();
      assert.deepEqual(statuses(requests), [200]);
      return { file: describeFile(join(dir, 'image')), said: stdout + stderr, requests: lines(requests).sort() };
    },
  },
]);
