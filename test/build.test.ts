import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { variableOf } from '../src/settings/names';
import { KEYS } from '../src/settings/table';
import { offloadCgi, ROOT } from './support/build';
import { runCgi } from './support/cgi';
import { startOrigin } from './support/origin';
import { tempDir } from './support/place';
import { serverUser } from './support/servers/server';

test('offload.cgi is one executable CommonJS file of at most 64 KB that needs nothing but Node', async () => {
  const script = await offloadCgi();
  const text = readFileSync(script, 'latin1');
  assert.ok(text.startsWith('#!/usr/bin/env node\n'));
  assert.ok(text.length <= 64 * 1024, `${text.length} bytes`);
  assert.equal(statSync(script).mode & 0o111, 0o111);
  const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
  assert.ok(required.length > 0);
  for (const name of required) assert.ok(name !== undefined && builtinModules.includes(name.replace('node:', '')), name);
});

test('offload.cgi copied alone into an empty directory works, as a user who may do nothing else', async (t) => {
  const origin = await startOrigin(t);
  origin.file('/a.zip', { body: 'all of it' });
  const directory = join(tempDir(t), 'alone');
  mkdirSync(directory);
  const script = join(directory, 'offload.cgi');
  copyFileSync(await offloadCgi(), script);
  chmodSync(script, 0o755);
  const user = serverUser();
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(directory, 'no-such-cache') };
  const { status, body } = await runCgi({ url: '/a.zip', script, settings, cwd: '/', ...(user === undefined ? {} : { user }) });
  assert.deepEqual([status, body.toString()], [200, 'all of it']);
});

test('offload.cgi knows each setting by the name of its variable, whatever the build makes of names', async () => {
  // All but the one that is only for `offload serve`.
  const settings = Object.fromEntries(KEYS.filter((key) => key !== 'listen').map((key) => [variableOf(key), '?']));
  const { status, stderr } = await runCgi({ url: '/a.zip', settings });
  assert.equal(status, 500);
  assert.deepEqual(stderr.trimEnd().split('\n').map((line) => /^offload\[\d+\]: (\w+)=\?: /.exec(line)?.[1]), Object.keys(settings));
});

test('--node writes another Node into the first line; an unknown --target is refused by name', (t) => {
  const directory = tempDir(t);
  for (const name of ['build.mjs', 'minify.mjs', 'package.json', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(directory, name));
  execFileSync('ln', ['-s', join(ROOT, 'src'), join(ROOT, 'node_modules'), directory]);
  execFileSync(process.execPath, ['build.mjs', '--target', 'cgi', '--node', '/opt/node/bin/node'], { cwd: directory });
  assert.match(readFileSync(join(directory, 'cgi-bin/offload.cgi'), 'latin1'), /^#!\/opt\/node\/bin\/node\n/);
  assert.throws(
    () => execFileSync(process.execPath, ['build.mjs', '--target', 'cig'], { cwd: directory, stdio: 'pipe' }),
    /--target cig: unknown; use one of cgi, command/,
  );
});
