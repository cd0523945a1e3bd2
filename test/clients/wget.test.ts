import { strict as assert } from 'node:assert';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { CHANGED, testClient } from './compare.js';
import { describeFile, lines, makeFile, succeeded } from './outcome.js';

const SIZE = 1_500_000;
const HERE = 567_890;

testClient('wget', ['wget'], [
  {
    name: 'a download has its bytes, and the time of the file on the base',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async ({ url, dir, take, run }) => {
      succeeded(await run('wget', '-nv', `${url}a.bin`));
      const file = describeFile(join(dir, 'a.bin'), true);
      assert.ok(file.endsWith(CHANGED.toISOString()), file);
      return { file, requests: lines(take()) };
    },
  },
  {
    name: 'wget -c fetches only what is missing',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'a.bin'), patternBytes(1, 0, HERE));
      const { stderr } = succeeded(await run('wget', '-c', '--progress=dot:giga', `${url}a.bin`));
      const requests = lines(take());
      assert.deepEqual(requests, [`GET ${new URL(url).pathname}a.bin bytes=${HERE}- 206 ${SIZE - HERE}`]);
      const said = /^Length: .*$/m.exec(stderr)?.[0];
      assert.match(said ?? '', /remaining/);
      return { file: describeFile(join(dir, 'a.bin'), true), requests, said };
    },
  },
  {
    name: 'wget -c of a complete file is told 416 and fetches nothing',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'a.bin'), patternBytes(1, 0, SIZE));
      const { stderr } = succeeded(await run('wget', '-c', `${url}a.bin`));
      const said = /The file is already fully retrieved.*/.exec(stderr)?.[0];
      assert.ok(said !== undefined, stderr);
      return { file: describeFile(join(dir, 'a.bin')), statuses: take().map(({ status }) => status), said };
    },
  },
  {
    name: 'wget -N fetches a file again only when it has changed',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, SIZE),
    changes: true,
    run: async ({ url, dir, files, take, run }) => {
      const base = join(files, 'a.bin');
      makeFile(base, 1, SIZE);
      utimesSync(base, CHANGED, CHANGED);
      succeeded(await run('wget', '-N', '-nv', `${url}a.bin`));
      const first = lines(take());
      const { stderr } = succeeded(await run('wget', '-N', `${url}a.bin`));
      const said = /not modified on server. Omitting download./.exec(stderr)?.[0];
      assert.ok(said !== undefined, stderr);
      const second = lines(take());
      makeFile(base, 2, SIZE);
      const later = new Date(CHANGED.getTime() + 60_000);
      utimesSync(base, later, later);
      succeeded(await run('wget', '-N', '-nv', `${url}a.bin`));
      return { first, second, third: lines(take()), file: describeFile(join(dir, 'a.bin'), true) };
    },
  },
]);
