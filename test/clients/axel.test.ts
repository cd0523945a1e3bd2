import { join } from 'node:path';
import { testClient } from './compare.js';
import { assertPieces, makeFile, succeeded, tree } from './outcome.js';

testClient('axel', ['axel'], [
  {
    name: 'four connections fetch a file in pieces',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, 6_000_000),
    run: async ({ url, dir, take, run }) => {
      const { stdout } = succeeded(await run('axel', '-n', '4', '-q', `${url}a.bin`));
      assertPieces(take());
      return { stdout, files: tree(dir) };
    },
  },
]);
