import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testClient } from './compare.js';
import { lines, makeFile, succeeded, tree } from './outcome.js';
import { runProgram, type Ran } from './programs.js';

/** A bare repository that any web server can serve: a pack, and a commit later. */
async function makeRepository(dir: string): Promise<void> {
  const work = join(dir, 'work');
  mkdirSync(work);
  const git = async (...args: string[]) => succeeded(await runProgram(work, 'git', ['-c', 'user.name=N', '-c', 'user.email=n@offload.test', '-c', 'gc.auto=0', ...args]));
  await git('init', '-q', '-b', 'main');
  makeFile(join(work, 'big.bin'), 1, 300_000);
  await git('add', '.');
  await git('commit', '-q', '-m', 'packed');
  await git('repack', '-q', '-a', '-d');
  writeFileSync(join(work, 'grüße.txt'), 'loose\n');
  await git('add', '.');
  await git('commit', '-q', '-m', 'loose');
  await git('update-server-info');
  await git('clone', '-q', '--bare', '--local', '.', '../a.git');
  await git('--git-dir=../a.git', 'update-server-info');
  rmSync(work, { recursive: true });
}

const REFUSED = 'exit 128: This server has no URLs with a query.';

async function tryToClone(running: Promise<Ran>): Promise<string> {
  const { exit, stderr } = await running;
  return `exit ${exit}: ${/This server.*|URL returned error: \d+/.exec(stderr)?.[0] ?? stderr}`;
}

testClient('git', ['git'], [
  {
    name: 'git clone copies a repository of plain files, if git is told not to ask for more',
    files: makeRepository,
    run: async ({ url, dir, take, run, runWith }) => {
      succeeded(await runWith({ GIT_SMART_HTTP: '0' }, 'git', 'clone', '-q', `${url}a.git`, 'copy'));
      const requests = lines(take()).sort();
      const fsck = succeeded(await run('git', '-C', 'copy', 'fsck', '--full'));
      const log = succeeded(await run('git', '-C', 'copy', 'log', '--format=%H %s'));
      rmSync(join(dir, 'copy/.git'), { recursive: true });
      return { log: log.stdout, fsck: fsck.stdout, files: tree(join(dir, 'copy')), requests };
    },
  },
  {
    name: 'git clone without that: an offload server refuses its first question, and only the first may be redirected',
    files: makeRepository,
    run: ({ url, run }) => tryToClone(run('git', 'clone', '-q', `${url}a.git`, 'copy')),
    // What has a query is no plain file; a base answers it itself.
    byDesign: { direct: REFUSED, redirected: 'exit 128: URL returned error: 307' },
  },
  {
    name: 'git clone from a base that redirects, if git is told to follow',
    files: makeRepository,
    run: ({ url, run }) => tryToClone(run('git', '-c', 'http.followRedirects=true', 'clone', '-q', `${url}a.git`, 'copy')),
    byDesign: { direct: REFUSED },
  },
]);
