import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { testClient } from './compare.js';
import { bytesOf, describeFile, makeFile, succeeded } from './outcome.js';
import { runProgram } from './programs.js';

const SIZE = 2_000_000;
const CHANGES = 40;
const CHANGE = 3_000;

testClient('zsync', ['zsync'], [
  {
    name: 'zsync fetches only the blocks that changed, many ranges in one request',
    files: async (dir) => {
      makeFile(join(dir, 'new.bin'), 1, SIZE);
      succeeded(await runProgram(dir, 'zsyncmake', ['-u', 'new.bin', 'new.bin']));
    },
    run: async ({ url, dir, take, run }) => {
      const old = patternBytes(1, 0, SIZE);
      for (let i = 0; i < CHANGES; i++) old.fill(0, i * 50_000 + 20_000, i * 50_000 + 20_000 + CHANGE);
      writeFileSync(join(dir, 'old.bin'), old);
      const { stdout, stderr } = succeeded(await run('zsync', '-q', '-i', 'old.bin', '-o', 'new.bin', `${url}new.bin.zsync`));
      const requests = take();
      const ranges = requests.filter(({ status }) => status === 206);
      assert.ok(ranges.some(({ answer }) => answer.get('Content-Type')?.startsWith('multipart/byteranges')));
      assert.ok(bytesOf(ranges) < SIZE / 4);
      return { file: describeFile(join(dir, 'new.bin')), said: stdout + stderr, requests: ranges.map(({ headers }) => headers.get('Range')) };
    },
  },
]);
