import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { atEnd, freePort, tempDir, type Cleanup } from '../place.js';
import { killProcessesOf } from '../processes.js';
import { waitUntil, within } from '../wait.js';

/** A web server that runs on 127.0.0.1 as our child, and ends with the test. */
export interface WebServer {
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** Its directory: configuration, logs, scripts. Its user may write there. */
  readonly dir: string;
  /** What it (and its scripts) logged so far. */
  errorLog(): string;
  /** Ends it in an orderly way; what its scripts left running is not touched. */
  stop(): Promise<void>;
}

/** Debian's package and program of each server. */
const PROGRAMS = {
  apache2: '/usr/sbin/apache2',
  lighttpd: '/usr/sbin/lighttpd',
  nginx: '/usr/sbin/nginx',
  fcgiwrap: '/usr/sbin/fcgiwrap',
  busybox: '/bin/busybox',
  'libapache2-mod-xsendfile': '/usr/lib/apache2/modules/mod_xsendfile.so',
} as const;

/** A Debian package that the server tests use. */
export type Package = keyof typeof PROGRAMS;

export function program(name: Package): string {
  return PROGRAMS[name];
}

/** For a test's `skip`: false if all are installed, else what to install. */
export function lacking(...packages: readonly Package[]): string | false {
  const missing = packages.filter((name) => !existsSync(PROGRAMS[name]));
  return missing.length > 0 && `needs Debian's ${missing.join(', ')}`;
}

/** Whom servers run as: www-data if we are root, else ourselves. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = /^www-data:.*$/m.exec(readFileSync('/etc/passwd', 'latin1'))?.[0].split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('/etc/passwd: no user www-data, as whom servers are run by root');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Gives files made by the test to the server's user. */
export function handOver(...paths: readonly string[]): void {
  const user = serverUser();
  if (user !== undefined) for (const path of paths) chownSync(path, user.uid, user.gid);
}

/** A fresh directory that belongs to the server's user; what still runs from it at the end is killed. */
export function serverDir(t: Cleanup): string {
  const dir = tempDir(t);
  handOver(dir);
  atEnd(t, () => killProcessesOf(dir));
  return dir;
}

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** Starts a helper (a FastCGI wrapper) in the server's directory, as its user; it ends with the test, or by what this gives. */
export async function startHelper(t: Cleanup, dir: string, command: Command, ready: () => boolean): Promise<() => Promise<void>> {
  const child = start(dir, command, {});
  atEnd(t, () => end(child));
  await waitUntil(() => ready() || child.exitCode !== null, { what: `${command[0]} to be ready` });
  if (child.exitCode !== null) throw new Error(`${command[0]} ended with ${child.exitCode}: ${readLogs(dir)}`);
  return () => end(child);
}

const running = new Set<ChildProcess>();

// A test file that dies leaves none of them behind.
process.once('exit', () => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

function start(dir: string, [file, ...args]: Command, env: Readonly<Record<string, string>>): ChildProcess {
  // Not our environment: a web server passes none of it on. Not our stdio: a detached fill would keep it open.
  const log = openSync(join(dir, 'stderr.log'), 'a', 0o666);
  handOver(join(dir, 'stderr.log'));
  const child = spawn(file, args, {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', log, log],
    // Its own process group: fcgiwrap leaves its workers behind when it alone is told to end.
    detached: true,
    ...serverUser(),
  });
  closeSync(log);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { pid } = child;
  if (pid === undefined) return;
  const gone = once(child, 'exit');
  process.kill(-pid, 'SIGTERM');
  try {
    await within(gone, `the end of ${child.spawnfile}`, 10_000);
  } catch (error) {
    process.kill(-pid, 'SIGKILL');
    throw error;
  }
}

function readLogs(dir: string): string {
  return ['error.log', 'stderr.log']
    .map((name) => join(dir, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join('');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((value) => {
    socket.destroy();
    return value === true;
  });
}

interface Launch {
  readonly dir: string;
  /** Writes the configuration for this port and says what to run, in the foreground. */
  readonly command: (port: number) => Command;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server on a free port, and waits until it takes connections. Throws its log if it doesn't. */
export async function launch(t: Cleanup, { dir, command, env = {} }: Launch): Promise<WebServer> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const run = command(port);
    const child = start(dir, run, env);
    const { pid } = child;
    if (pid === undefined) throw new Error(`${run[0]}: could not be started`);
    await waitUntil(async () => child.exitCode !== null || (await answers(port)), { what: () => `${run[0]} on port ${port}: ${readLogs(dir)}` });
    if (child.exitCode === null) {
      atEnd(t, () => end(child));
      return { port, pid, dir, url: `http://127.0.0.1:${port}`, errorLog: () => readLogs(dir), stop: () => end(child) };
    }
    // Another test may have taken the port first.
    if (tries >= 3 || !/in use/i.test(readLogs(dir))) throw new Error(`${run.join(' ')} ended with ${child.exitCode}: ${readLogs(dir)}`);
  }
}
