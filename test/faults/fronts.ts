import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCgi, offloadCommand } from '../support/build.js';
import { fetchRaw } from '../support/client.js';
import { atEnd, type Cleanup, freePort } from '../support/place.js';
import { commandLine, processesOf } from '../support/processes.js';
import { handOver, serverUser } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';
import { waitUntil } from '../support/wait.js';

type Settings = Readonly<Record<string, string>>;

/** The gateway under a server that may be killed. */
export interface Front {
  readonly name: 'apache' | 'serve';
  readonly port: number;
  /** Processes that fill, or answer one request. */
  workers(): number[];
  /** The server itself is killed, or told to start anew; resolves when it answers again. */
  restart(): Promise<void>;
  log(): string;
}

/** Its clock goes by a file in its directory (see clock.cjs). */
function withClock(dir: string, settings: Settings): Settings {
  const clock = join(dir, 'clock.cjs');
  copyFileSync(join(__dirname, 'clock.cjs'), clock);
  handOver(clock);
  return { ...settings, NODE_OPTIONS: `--require=${clock}` };
}

const isWorker = (pid: number): boolean => /offload\.cgi|^offload: (?:fill|GET) /.test(commandLine(pid));

async function apache(t: Cleanup, dir: string, settings: Settings): Promise<Front> {
  const [setup] = SETUPS;
  if (setup === undefined) throw new Error('no setup of Apache');
  const server = await setup.start(t, await offloadCgi(), withClock(dir, settings), dir);
  return {
    name: 'apache',
    port: server.port,
    workers: () => processesOf(dir).filter(isWorker),
    restart: async () => {
      process.kill(server.pid, 'SIGHUP');
      await untilAnswers(server.port);
    },
    log: () => server.errorLog(),
  };
}

async function serve(t: Cleanup, dir: string, settings: Settings): Promise<Front> {
  const port = await freePort();
  const command = join(dir, 'offload');
  copyFileSync(await offloadCommand(), command);
  let child: ChildProcess;
  const start = async () => {
    const log = openSync(join(dir, 'stderr.log'), 'a', 0o666);
    child = spawn(process.execPath, [command, 'serve', '--listen', `127.0.0.1:${port}`], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', ...withClock(dir, settings) },
      stdio: ['ignore', 'ignore', log],
      ...serverUser(),
    });
    closeSync(log);
    await untilAnswers(port);
  };
  const kill = async () => {
    // It may have ended by itself.
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  atEnd(t, kill);
  let restarting = Promise.resolve();
  return {
    name: 'serve',
    port,
    workers: () => [child.pid ?? 0],
    restart: () => {
      // One after the other, whoever wants it.
      restarting = restarting.then(kill).then(start);
      return restarting;
    },
    log: () => readFileSync(join(dir, 'stderr.log'), 'latin1'),
  };
}

async function untilAnswers(port: number): Promise<void> {
  const answers = () => fetchRaw({ to: port, path: '/robots.txt' }).then(
    () => true,
    () => false,
  );
  await waitUntil(answers, { what: `the server on port ${port}` });
}

export const FRONTS = { apache, serve } as const;
