import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { testClient, type Place } from './compare.js';
import { assertPieces, describeFile, lines, makeFile, succeeded, tree } from './outcome.js';

const SIZE = 8_000_000;
const FLAGS = ['-x8', '-s8', '-k1M', '--console-log-level=warn', '--summary-interval=0', '--download-result=hide', '--no-conf', '--file-allocation=none'];

/** The warnings and errors that it showed; at plain Apache there are none. */
const complaints = (stdout: string): string[] => stdout.split('\n').filter((line) => /\[(?:WARN|ERROR)\]/.test(line));

const aria2c = async ({ url, run }: Place, ...args: string[]): Promise<string[]> => {
  const { stdout } = succeeded(await run('aria2c', ...FLAGS, ...args, `${url}a.bin`));
  return complaints(stdout);
};

testClient('aria2c', ['aria2c'], [
  {
    name: 'eight connections fetch a file in pieces',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async (place) => {
      // Without a limit the first connection has it all, on loopback, before the others begin.
      const said = await aria2c(place, '--max-overall-download-limit=20M');
      assertPieces(place.take());
      return { said, files: tree(place.dir) };
    },
  },
  {
    name: 'aria2c -c fetches only what is missing of a file',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async (place) => {
      writeFileSync(join(place.dir, 'a.bin'), patternBytes(1, 0, SIZE / 2));
      // One connection: how much of their pieces eight of them fetch twice is chance.
      const said = await aria2c(place, '-c', '-x1', '-s1');
      // It learns the length from a whole answer that it leaves, then asks from its last block of 16 KiB on.
      const requests = lines(place.take().filter(({ status }) => status !== 200));
      const start = SIZE / 2 - ((SIZE / 2) % 16_384);
      assert.deepEqual(requests, [`GET ${new URL(place.url).pathname}a.bin bytes=${start}-${SIZE - 1} 206 ${SIZE - start}`]);
      return { said, file: describeFile(join(place.dir, 'a.bin')), requests };
    },
  },
  {
    name: 'aria2c --conditional-get fetches nothing that has not changed',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, 50_000),
    run: async (place) => {
      const args = ['--conditional-get', '--allow-overwrite', '--remote-time'];
      const first = await aria2c(place, ...args);
      place.take();
      const second = await aria2c(place, ...args);
      const requests = place.take();
      assert.deepEqual(requests.map(({ status }) => status), [304]);
      return { first, second, files: tree(place.dir, { times: true }) };
    },
  },
]);
