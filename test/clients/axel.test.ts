import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { testClient } from './compare.js';
import { bytesOf, lines, makeFile, statuses, succeeded, tree } from './outcome.js';

const SIZE = 6_000_000;

testClient('axel', ['axel'], [
  {
    name: 'four connections fetch a file in pieces, each byte once',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async ({ url, dir, take, run }) => {
      const { stdout } = succeeded(await run('axel', '-n', '4', '-q', `${url}a.bin`));
      const requests = take();
      assert.ok(requests.length >= 4, lines(requests).join('\n'));
      const excess = bytesOf(requests) - SIZE;
      assert.ok(excess >= 0 && excess < SIZE, lines(requests).join('\n'));
      return { stdout, files: tree(dir), statuses: statuses(requests) };
    },
  },
]);
