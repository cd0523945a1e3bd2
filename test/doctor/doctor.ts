// `offload check`, run as the user who runs the scripts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCommand } from '../support/build.js';
import { type Cleanup, tempDir } from '../support/place.js';
import { handOver, serverUser } from '../support/servers/server.js';
import type { Environment } from '../support/servers/setups.js';
import { within } from '../support/wait.js';

export interface Finding {
  readonly section: string;
  readonly level: 'ok' | 'warning' | 'error';
  readonly what: string;
  readonly remedy?: string;
}

export interface Report {
  readonly code: number;
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs it, in its own words. */
export function check(t: Cleanup, settings: Environment, ...flags: string[]): Promise<Ran> {
  return run(t, serverUser(), settings, flags);
}

async function run(t: Cleanup, user: ReturnType<typeof serverUser>, settings: Environment, flags: readonly string[]): Promise<Ran> {
  const dir = tempDir(t);
  const command = join(dir, 'offload');
  // A copy: the user may not be able to look into the project.
  copyFileSync(await offloadCommand(), command);
  handOver(dir, command);
  const env = { PATH: process.env['PATH'], ...settings };
  const child = spawn(process.execPath, [command, 'check', '--wait', '30', ...flags], { cwd: '/', env, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await within(once(child, 'close'), 'the end of offload check', 60_000)) as [number];
  return { code, out, err };
}

/** Runs it and reads its JSON. */
export async function report(t: Cleanup, settings: Environment, ...flags: string[]): Promise<Report> {
  return reported(await check(t, settings, '--json', ...flags));
}

/** The same, as the user who runs the tests: root, perhaps. */
export async function reportAsOurselves(t: Cleanup, settings: Environment): Promise<Report> {
  return reported(await run(t, undefined, settings, ['--json']));
}

function reported({ code, out, err }: Ran): Report {
  if (err !== '') throw new Error(err);
  return { code, ...(JSON.parse(out) as Omit<Report, 'code'>) };
}

/** What isn't ok in a section, each as one line. */
export function troubles({ findings }: Report, ...sections: string[]): string[] {
  return findings.filter(({ section, level }) => sections.includes(section) && level !== 'ok').map(({ level, what, remedy }) => `${level}: ${what}; ${remedy ?? ''}`);
}

/** Everything it says, for a failed test. */
export function said({ findings }: Report): string {
  return findings.map(({ section, level, what, remedy }) => `${section}: ${level}: ${what}${remedy === undefined ? '' : `; ${remedy}`}`).join('\n');
}
