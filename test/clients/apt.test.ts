import { strict as assert } from 'node:assert';
import { cpSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHANGED, setChanged, testClient, type Place } from './compare.js';
import { describeFile, lines, makeFile, succeeded } from './outcome.js';
import { runProgram } from './programs.js';

const PACKAGES = ['offload-big', 'offload-one', 'offload-two', 'offload-three'];
const BIG = 'offload-big_1.0_all.deb';
const HERE = 200_000;

/** A package whose only file is noise, the same at each run. */
async function makePackage(dir: string, name: string, version: string): Promise<void> {
  const root = join(dir, 'root');
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  const control = [`Package: ${name}`, `Version: ${version}`, 'Architecture: all', 'Maintainer: Nobody <nobody@offload.test>', 'Description: for a test', ''];
  writeFileSync(join(root, 'DEBIAN/control'), control.join('\n'));
  makeFile(join(root, 'noise'), 7, name === 'offload-big' ? 600_000 : 20_000);
  setChanged(root);
  succeeded(await runProgram(dir, 'dpkg-deb', ['--root-owner-group', '-Znone', '-b', root, dir], { SOURCE_DATE_EPOCH: String(CHANGED.getTime() / 1000) }));
  rmSync(root, { recursive: true });
}

async function makeRepository(dir: string, version: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  for (const name of PACKAGES) await makePackage(dir, name, version);
  for (const [file, command] of [['Packages', 'packages'], ['Release', 'release']] as const) {
    const { stdout } = succeeded(await runProgram(dir, 'apt-ftparchive', [command, '.']));
    writeFileSync(join(dir, file), stdout);
  }
}

/** In order, each once: after a redirect apt asks a second time for what isn't there. */
const each = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

/** What it said, without what differs from run to run. */
const plain = (text: string): string[] => each(text.replaceAll(/127\.0\.0\.1:\d+/g, 'SERVER').replaceAll(/(Fetched .*) in .*/g, '$1').trimEnd().split('\n'));

/** Runs apt-get in a world of its own below the client's directory; nothing of this machine's is read or written. */
async function aptGet({ dir, url, run }: Place, ...args: string[]): Promise<string[]> {
  for (const name of ['etc/preferences.d', 'state/lists/partial', 'cache/archives/partial', 'log']) mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'etc/sources.list'), `deb [trusted=yes] ${url}repo ./\n`);
  writeFileSync(join(dir, 'status'), '');
  const options = {
    'Dir::Etc': join(dir, 'etc'),
    'Dir::State': join(dir, 'state'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': join(dir, 'cache'),
    'Dir::Log': join(dir, 'log'),
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::http::Proxy': 'DIRECT',
  };
  const { stdout, stderr } = succeeded(await run('apt-get', '-q', '-y', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...args));
  return plain(stdout + stderr);
}

/** Status of each answer by file. */
const asked = ({ take }: Place): string[] => each(take().map(({ target, status }) => `${target.split('/').at(-1)} ${status}`));

testClient('apt-get', ['apt-get', 'apt-ftparchive', 'dpkg-deb'], [
  {
    name: 'packages are downloaded, several by pipelined requests; a part is resumed by If-Range with a date if that still holds',
    files: (dir) => makeRepository(join(dir, 'repo'), '1.0'),
    run: async (place) => {
      const { dir } = place;
      const said = [await aptGet(place, 'update')];
      place.take();
      const bytes = await readFile(join(place.files, 'repo', BIG));
      for (const [time, answer] of [
        [CHANGED, `206 ${bytes.length - HERE}`],
        [new Date(CHANGED.getTime() - 1000), `200 ${bytes.length}`],
      ] as const) {
        rmSync(join(dir, 'cache'), { recursive: true });
        mkdirSync(join(dir, 'cache/archives/partial'), { recursive: true });
        const part = join(dir, 'cache/archives/partial', BIG);
        writeFileSync(part, bytes.subarray(0, HERE));
        utimesSync(part, time, time);
        said.push(await aptGet(place, 'install', '--download-only', 'offload-big'));
        const [request, ...more] = place.take();
        assert.ok(request !== undefined && more.length === 0);
        assert.equal(request.headers.get('If-Range'), time.toUTCString());
        assert.match(lines([request])[0] ?? '', new RegExp(`bytes=${HERE}- ${answer}$`));
        said.push([describeFile(join(dir, 'cache/archives', BIG), true)]);
      }
      said.push(await aptGet(place, 'download', ...PACKAGES));
      const requests = place.take();
      assert.ok(requests.some(({ pipelined }) => pipelined));
      return { said, requests: lines(requests), files: PACKAGES.map((name) => describeFile(join(dir, `${name}_1.0_all.deb`), true)) };
    },
  },
  {
    name: 'apt-get update fetches the lists again only when they have changed',
    files: async (dir) => {
      for (const version of ['1.0', '2.0']) await makeRepository(join(dir, version), version);
    },
    changes: true,
    run: async (place) => {
      const repository = join(place.files, 'repo');
      const publish = (version: string, seconds: number): void => {
        rmSync(repository, { recursive: true, force: true });
        cpSync(join(place.files, version), repository, { recursive: true });
        setChanged(repository, new Date(CHANGED.getTime() + seconds * 1000));
      };
      const update = async (): Promise<string[]> => [...(await aptGet(place, 'update')), ...asked(place)];
      publish('1.0', 0);
      const first = await update();
      const second = await update();
      assert.ok(second.includes('Release 304') && !second.includes('Packages 200'), second.join('\n'));
      publish('2.0', 60);
      const third = await update();
      assert.ok(third.includes('Packages 200'), third.join('\n'));
      await aptGet(place, 'download', 'offload-one');
      return { first, second, third, file: describeFile(join(place.dir, 'offload-one_2.0_all.deb'), true) };
    },
  },
]);
