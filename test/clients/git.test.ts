import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testClient } from './compare.js';
import { lines, makeFile, succeeded, tree } from './outcome.js';
import { runProgram } from './programs.js';

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
    // What has a query is no plain file: the base would answer it itself, and never sends it here.
    name: "git's usual first question has a query, which an offload server refuses: git says so",
    files: makeRepository,
    run: async ({ url, run }) => {
      const { exit, stderr } = await run('git', 'clone', '-q', `${url}a.git`, 'copy');
      return { exit, why: /plain files.*|URL returned error: \d+/g.exec(stderr)?.[0] };
    },
    byDesign: { exit: 128, why: 'plain files, not what a URL with a query asks for.' },
  },
]);
