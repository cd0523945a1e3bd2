import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { within } from '../support/wait.js';

/** Debian's package of each program that the tests of clients run. */
const PACKAGES = {
  apache2: 'apache2',
  'apt-get': 'apt',
  'apt-ftparchive': 'apt-utils',
  aria2c: 'aria2',
  axel: 'axel',
  casync: 'casync',
  chromium: 'chromium',
  curl: 'curl',
  'dpkg-deb': 'dpkg',
  ffmpeg: 'ffmpeg',
  git: 'git',
  lftp: 'lftp',
  'qemu-img': 'qemu-utils, qemu-block-extra',
  wget: 'wget',
  zsync: 'zsync',
  zsyncmake: 'zsync',
} as const;

export type Program = keyof typeof PACKAGES;

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

const isThere = (program: string): boolean => PATH.split(delimiter).some((dir) => existsSync(join(dir, program)));

/** For a test's `skip`: false if all programs are installed, else which of Debian's packages to install. */
export function lackingPrograms(...programs: readonly Program[]): string | false {
  const missing = programs.filter((program) => !isThere(program)).map((program) => PACKAGES[program]);
  return missing.length > 0 && `needs Debian's ${missing.join(', ')}`;
}

/** How a program ended, and what it said. */
export interface Ran {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest time that a client may take, in milliseconds. */
const LONGEST = 40_000;

/** Runs a program in `dir`, which is its home, too: no configuration of whoever runs the tests is read. */
export async function runProgram(dir: string, program: Program | 'tar', args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: dir,
    env: { PATH, HOME: dir, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  try {
    const [code, signal] = (await within(once(child, 'close'), () => `the end of ${program} ${args.join(' ')}: ${said.stdout}${said.stderr}`, LONGEST)) as [number | null, string | null];
    return { exit: code ?? signal ?? '', ...said };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}
