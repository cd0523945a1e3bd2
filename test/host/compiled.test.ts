// offload.cgi as V8 has compiled it, in the cache directory: it may save time, and never do anything else.
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Script } from 'node:vm';
import { isCodeFile } from '../../src/cache/layout.js';
import { offloadCgi, ROOT } from '../support/build.js';
import type { CgiResult } from '../support/cgi.js';
import { mountTmpfs } from '../support/mount.js';
import { tempDir } from '../support/place.js';
import { type Scene, scene } from '../support/scene.js';

const SIZE = 1000;

/** A scene where one file is here whole, and nothing is compiled. */
async function filled(t: TestContext, dir?: string): Promise<Scene> {
  const s = await scene(t, dir === undefined ? {} : { cacheDir: dir });
  s.pattern('/a.zip', SIZE);
  await s.get('/a.zip');
  await s.idle();
  // Had the fill been quicker than its client, that was a hit.
  for (const file of codeFiles(s)) rmSync(file);
  return s;
}

async function hit(s: Scene): Promise<CgiResult> {
  const result = await s.get('/a.zip');
  assert.deepEqual([result.status, result.length, result.exitCode, result.stderr], [200, SIZE, 0, '']);
  assert.match(result.headers.get('Cache-Status') ?? '', /^offload; hit/);
  return result;
}

function codeFiles(s: Scene): string[] {
  return readdirSync(s.cacheDir).filter((name) => isCodeFile(name)).map((name) => join(s.cacheDir, name));
}

function onlyCodeFile(s: Scene): string {
  const [file, ...others] = codeFiles(s);
  assert.ok(file !== undefined && others.length === 0, readdirSync(s.cacheDir).join(' '));
  return file;
}

/** The program in offload.cgi, compiled with another name for itself, of the same length. */
async function forged(): Promise<Buffer> {
  const text = readFileSync(await offloadCgi(), 'utf8').split('\n').at(-2)?.replace(/^\/\/[0-9a-f]{16}/, '') ?? '';
  const other = text.replace('="offload"', '="f0rged!"');
  assert.ok(other.length === text.length && other !== text);
  const code = new Script(`${other}\n`).createCachedData();
  return Buffer.concat([code, code]);
}

test('the first hit keeps what was compiled; the next ones run it', async (t) => {
  const s = await filled(t);
  await hit(s);
  const file = onlyCodeFile(s);
  const { mode, ino } = statSync(file);
  assert.equal(mode & 0o777, 0o600);
  await hit(s);
  assert.equal(statSync(onlyCodeFile(s)).ino, ino);
  // That it is run can be seen by what it does.
  writeFileSync(file, await forged());
  assert.match((await s.get('/a.zip')).headers.get('Cache-Status') ?? '', /^f0rged!; hit/);
});

test('what a disk makes of it is not run, and is made anew', async (t) => {
  const s = await filled(t);
  await hit(s);
  const file = onlyCodeFile(s);
  const good = readFileSync(file);
  const flipped = Buffer.from(good);
  flipped.writeUInt8(flipped.readUInt8(20_000) ^ 1, 20_000);
  const damaged = { flipped, cut: good.subarray(0, 70_000), empty: Buffer.alloc(0), zeros: Buffer.alloc(good.length), noise: Buffer.from('no code'.repeat(1000)) };
  for (const [how, bytes] of Object.entries(damaged)) {
    writeFileSync(file, bytes);
    const { ino } = statSync(file);
    await hit(s);
    assert.notEqual(statSync(onlyCodeFile(s)).ino, ino, how);
    await hit(s);
  }
});

test('what another user could have written is not run', { skip: process.geteuid?.() !== 0 && 'needs root' }, async (t) => {
  const s = await filled(t);
  await hit(s);
  const file = onlyCodeFile(s);
  const open: readonly (() => void)[] = [
    () => chownSync(file, 12_345, 0),
    () => chmodSync(file, 0o660),
    () => chmodSync(file, 0o602),
    () => chmodSync(s.cacheDir, 0o770),
  ];
  for (const make of open) {
    writeFileSync(file, await forged());
    chownSync(file, 0, 0);
    chmodSync(file, 0o600);
    chmodSync(s.cacheDir, 0o700);
    make();
    await hit(s);
  }
});

test('where others may write, or by a symbolic link, nothing is kept', async (t) => {
  const shared = await filled(t);
  chmodSync(shared.cacheDir, 0o770);
  await hit(shared);
  assert.deepEqual(codeFiles(shared), []);
  const own = await scene(t);
  const link = join(own.dir, 'link');
  mkdirSync(join(own.dir, 'target'), { mode: 0o700 });
  symlinkSync(join(own.dir, 'target'), link);
  const linked = await filled(t, link);
  await hit(linked);
  assert.deepEqual(codeFiles(linked), []);
});

test('on a disk that has little room it takes none', async (t) => {
  const dir = join(tempDir(t), 'cache');
  const missing = mountTmpfs(t, dir, 'size=8m');
  if (missing !== undefined) return t.skip(missing);
  const s = await filled(t, dir);
  await hit(s);
  await hit(s);
  assert.deepEqual(codeFiles(s), []);
});

test('a file whose last line is not where it was built, as after FTP, runs, and is not kept', async (t) => {
  const s = await filled(t);
  const script = join(s.dir, 'moved.cgi');
  copyFileSync(await offloadCgi(), script);
  writeFileSync(script, readFileSync(script, 'utf8').replaceAll('\n', '\r\n').replace('node\r', 'node'));
  for (let i = 0; i < 2; i++) assert.equal((await s.get('/a.zip', { script })).length, SIZE);
  assert.deepEqual(codeFiles(s), []);
});

/** offload.cgi as a later version may be: what its start gives its program has other names there. */
function otherBuild(dir: string): string {
  for (const name of ['minify.mjs', 'package.json', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(dir, name));
  for (const name of ['src', 'node_modules']) symlinkSync(join(ROOT, name), join(dir, name));
  writeFileSync(join(dir, 'build.mjs'), readFileSync(join(ROOT, 'build.mjs'), 'utf8').replace(' BadValue ', ' '));
  execFileSync(process.execPath, ['build.mjs', '--target', 'cgi'], { cwd: dir });
  return join(dir, 'cgi-bin/offload.cgi');
}

test('a file that is replaced by another version while it starts runs that one, whole', async (t) => {
  const s = await filled(t);
  const dir = tempDir(t);
  const script = join(s.dir, 'replaced.cgi');
  copyFileSync(await offloadCgi(), script);
  const other = otherBuild(dir);
  assert.notEqual(readFileSync(other, 'latin1'), readFileSync(script, 'latin1'));
  const hook = join(dir, 'replace.cjs');
  writeFileSync(hook, `
    const fs = require('node:fs');
    const { readFileSync } = fs;
    fs.readFileSync = (path, ...rest) => {
      const text = readFileSync(path, ...rest);
      // Node has read it: from now on it is the other one.
      if (path === ${JSON.stringify(script)}) fs.copyFileSync(${JSON.stringify(other)}, path);
      return text;
    };`);
  const first = await s.get('/a.zip', { script, env: { NODE_OPTIONS: `--require ${hook}` } });
  assert.deepEqual([first.status, first.length, first.stderr], [200, SIZE, '']);
  assert.equal(readFileSync(script, 'latin1'), readFileSync(other, 'latin1'), 'it was replaced');
  onlyCodeFile(s);
  await s.get('/a.zip', { script });
  onlyCodeFile(s);
});

test('once a day it is kept anew, with what requests have needed since', async (t) => {
  const s = await filled(t);
  await hit(s);
  const file = onlyCodeFile(s);
  const { ino, size } = statSync(file);
  const range = { headers: { Range: 'bytes=0-1,500-501' } };
  assert.equal((await s.get('/a.zip', range)).status, 206);
  assert.equal(statSync(file).ino, ino);
  const then = Date.now() / 1000 - 25 * 3600;
  utimesSync(file, then, then);
  assert.equal((await s.get('/a.zip', range)).status, 206);
  assert.notEqual(statSync(file).ino, ino);
  assert.ok(statSync(file).size > size, 'several ranges are in it, too');
  await hit(s);
});

test('what older programs left goes after a month', async (t) => {
  const s = await filled(t);
  const [old, young] = ['code-old', 'code-young'].map((name) => join(s.cacheDir, name)) as [string, string];
  for (const file of [old, young]) writeFileSync(file, 'x');
  const then = Date.now() / 1000 - 31 * 86_400;
  utimesSync(old, then, then);
  await hit(s);
  assert.equal(codeFiles(s).length, 2);
  assert.ok(codeFiles(s).includes(young));
});

test('the cache directory is found as the program finds it: in a file, by OFFLOAD_CONF, renamed by Apache', async (t) => {
  const s = await filled(t);
  const { OFFLOAD_BASE, OFFLOAD_KEEP_FREE } = s.settings as { OFFLOAD_BASE: string; OFFLOAD_KEEP_FREE: string };
  const conf = join(s.dir, 'some.conf');
  writeFileSync(conf, `# comment\nOffloadCacheDir /nowhere\noffloadcachedir "${s.cacheDir}/"\n`);
  const none = { OFFLOAD_CACHE_DIR: '' };
  for (const env of [{ OFFLOAD_CONF: conf }, { REDIRECT_OFFLOAD_CACHE_DIR: s.cacheDir }]) {
    await s.get('/a.zip', { settings: { OFFLOAD_BASE, OFFLOAD_KEEP_FREE, ...none, ...env } });
    assert.equal(codeFiles(s).length, 1);
    writeFileSync(onlyCodeFile(s), await forged());
    const { headers } = await s.get('/a.zip', { settings: { OFFLOAD_BASE, OFFLOAD_KEEP_FREE, ...none, ...env } });
    assert.match(headers.get('Cache-Status') ?? '', /^f0rged!/);
    rmSync(onlyCodeFile(s));
  }
});
