import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { testClient, type Place } from './compare.js';
import { assertPieces, bytesOf, describeFile, makeFile, succeeded, tree } from './outcome.js';
import type { Seen } from './tap.js';

// What people do to names, and a URL must keep.
const NAMES = ['50%25 a+b&c;d=e.bin', "grüße (日本) quote'.bin", 'sub dir/deep.bin'];
const SIZE = 50_000;
const HERE = 20_000;

const lftp = async ({ url, run }: Place, script: string) =>
  succeeded(await run('lftp', '-c', `set net:max-retries 2; set net:timeout 20; open ${url}; ${script}`));

const isFile = ({ method, target }: Seen): boolean => method === 'GET' && !target.endsWith('/');

testClient('lftp', ['lftp'], [
  {
    name: 'lftp mirror copies a tree by its listings, fetches what is missing, and nothing twice',
    files: (dir) => {
      mkdirSync(join(dir, 'sub dir'));
      for (const [seed, name] of NAMES.entries()) makeFile(join(dir, name), seed, SIZE);
    },
    run: async (place) => {
      mkdirSync(join(place.dir, 'copy'));
      writeFileSync(join(place.dir, 'copy', NAMES[0] ?? ''), patternBytes(0, 0, HERE));
      const { stdout } = await lftp(place, 'mirror -c --verbose --parallel=3 . copy');
      const files = tree(join(place.dir, 'copy'));
      assert.deepEqual(Object.keys(files), [...NAMES].sort());
      assert.equal(bytesOf(place.take().filter(isFile)), NAMES.length * SIZE - HERE);
      await lftp(place, 'mirror . copy');
      assert.deepEqual(place.take().filter(isFile), []);
      return { said: stdout.split('\n').sort(), files };
    },
  },
  {
    name: 'lftp pget fetches a file in pieces',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, 4_000_000),
    run: async (place) => {
      await lftp(place, 'set pget:min-chunk-size 1; pget -n 4 a.bin');
      assertPieces(place.take().filter(({ method }) => method === 'GET'));
      return describeFile(join(place.dir, 'a.bin'));
    },
  },
]);
