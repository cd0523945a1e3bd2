import { strict as assert } from 'node:assert';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import { CHANGED, testClient } from './compare.js';
import { describeFile, lines, makeFile, statuses, succeeded, tree } from './outcome.js';

const SIZE = 1_500_000;
const HERE = 567_890;
const one = (dir: string): void => makeFile(join(dir, 'a.bin'), 1, SIZE);

testClient('curl', ['curl'], [
  {
    name: 'curl -C - fetches only what is missing',
    files: one,
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'a.bin'), patternBytes(1, 0, HERE));
      succeeded(await run('curl', '-sS', '-L', '-f', '-C', '-', '-O', '-R', `${url}a.bin`));
      const requests = lines(take());
      assert.deepEqual(requests, [`GET ${new URL(url).pathname}a.bin bytes=${HERE}- 206 ${SIZE - HERE}`]);
      return { file: describeFile(join(dir, 'a.bin'), true), requests };
    },
  },
  {
    name: 'curl -C - of a complete file fetches nothing',
    files: one,
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'a.bin'), patternBytes(1, 0, SIZE));
      const { exit, stderr } = await run('curl', '-sS', '-L', '-C', '-', '-O', `${url}a.bin`);
      assert.deepEqual(statuses(take()), [416]);
      return { exit, stderr, file: describeFile(join(dir, 'a.bin')) };
    },
  },
  {
    name: 'curl -z fetches what is newer, or older, than a file or a date, and nothing else',
    files: (dir) => makeFile(join(dir, 'a.bin'), 1, 100_000),
    run: async ({ url, dir, take, run }) => {
      writeFileSync(join(dir, 'old'), '');
      const outcomes = [];
      for (const seconds of [-1, 0, 1]) {
        const time = new Date(CHANGED.getTime() + seconds * 1000);
        utimesSync(join(dir, 'old'), time, time);
        for (const condition of seconds === 0 ? ['old', `-${time.toUTCString()}`] : [time.toUTCString()]) {
          const { exit, stdout } = await run('curl', '-sS', '-L', '-o', 'got', '-w', '%{http_code}', '-z', condition, `${url}a.bin`);
          outcomes.push(`${seconds} ${condition}: exit ${exit}: ${stdout}`);
        }
      }
      const requests = take();
      for (const { status, bytes } of requests) assert.ok(status === 200 || bytes < 1000, `${bytes} bytes of a ${status}`);
      assert.deepEqual(requests.map(({ status }) => status), [200, 304, 200, 304]);
      return outcomes;
    },
  },
  {
    name: 'curl --etag-compare fetches again only what has another ETag',
    files: one,
    changes: true,
    run: async ({ url, dir, files, take, run }) => {
      const base = join(files, 'a.bin');
      makeFile(base, 1, SIZE);
      utimesSync(base, CHANGED, CHANGED);
      const fetch = async () => succeeded(await run('curl', '-sS', '-L', '-f', '--etag-save', 'etag', '--etag-compare', 'etag', '-O', `${url}a.bin`));
      await fetch();
      const etag = readFileSync(join(dir, 'etag'), 'latin1');
      assert.match(etag, /^"[^"]+"\n?$/);
      await fetch();
      makeFile(base, 2, SIZE);
      await fetch();
      const requests = lines(take());
      assert.deepEqual(requests.map((line) => line.split(' ').slice(-2).join(' ')), [`200 ${SIZE}`, '304 0', `200 ${SIZE}`]);
      return { etag, requests, file: describeFile(join(dir, 'a.bin')) };
    },
  },
  {
    name: 'curl --parallel fetches several files, and several ranges of one',
    files: (dir) => {
      for (let i = 0; i < 4; i++) makeFile(join(dir, `${i}.bin`), i, 500_000);
    },
    run: async ({ url, dir, take, run }) => {
      succeeded(await run('curl', '-sS', '-L', '-f', '--parallel', '--remote-name-all', `${url}[0-3].bin`));
      succeeded(await run('curl', '-sS', '-L', '-f', '-r', '0-9,400000-400009,-5', '-o', 'parts', `${url}2.bin`));
      assert.equal(take().at(-1)?.answer.get('Content-Type')?.split(';')[0], 'multipart/byteranges');
      const parts = readFileSync(join(dir, 'parts'), 'latin1').split(/\r?\n--[^\r]+/).map((part) => part.slice(part.indexOf('\r\n\r\n') + 4));
      assert.equal(parts[2], patternBytes(2, 400_000, 10).toString('latin1'));
      return { parts, files: Object.entries(tree(dir)).filter(([name]) => name !== 'parts') };
    },
  },
]);
