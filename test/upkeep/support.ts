import { spawn } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { offloadCommand } from '../support/build.js';
import { atEnd, type Cleanup } from '../support/place.js';
import type { Pattern } from '../support/pattern.js';
import type { Scene } from '../support/scene.js';
import { PATIENCE, within } from '../support/wait.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `offload NAME ARG...` with the scene's settings. */
export async function start(t: Cleanup, s: Scene, args: readonly string[], input = '') {
  const command = await offloadCommand();
  const child = spawn(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'], ...s.settings } });
  atEnd(t, () => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  const done = new Promise<Ran>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, done };
}

/** Runs it to its end. */
export async function offload(t: Cleanup, s: Scene, args: readonly string[], input = ''): Promise<Ran> {
  const { done } = await start(t, s, args, input);
  return within(done, `the end of offload ${args.join(' ')}`, PATIENCE * 2);
}

/** Puts files on the base, and has the cache pull them. */
export async function cached(s: Scene, paths: readonly string[], size = 20_000): Promise<Map<string, Pattern>> {
  const bodies = new Map(paths.map((path, i) => [path, s.pattern(path, size + i)]));
  await Promise.all(paths.map((path) => s.get(path)));
  await s.idle();
  s.origin.requests.length = 0;
  return bodies;
}

/** As if the base had last confirmed them a number of hours ago. */
export function validatedAgo(s: Scene, hours: number, ...paths: readonly string[]): void {
  const then = Date.now() / 1000 - hours * 3600;
  for (const path of paths) utimesSync(s.file(path, 'head'), then, then);
}

/** Changes what a record says. */
export function editRecord(s: Scene, path: string, change: (record: Record<string, unknown>) => void): void {
  const head = s.file(path, 'head');
  const record = JSON.parse(readFileSync(head, 'latin1')) as Record<string, unknown>;
  change(record);
  writeFileSync(head, JSON.stringify(record), 'latin1');
}
