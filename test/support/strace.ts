import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCgi } from './build.js';

/** For a test's `skip`. */
export const lackingStrace: string | false = !existsSync('/usr/bin/strace') && "needs Debian's strace";

/** Calls that change what is on the disk, or that decide about it. */
const CALLS = ['openat', 'mkdir', 'write', 'pwrite64', 'fsync', 'fdatasync', 'rename', 'unlink', 'utimensat', 'copy_file_range', 'sendfile', 'truncate', 'ftruncate', 'ioctl'];

/** One system call of a fill: the `nth` of its name in its thread. */
export interface SystemCall {
  readonly name: string;
  readonly nth: number;
}

/** A way to run the script so that the first fill it starts is traced by strace. */
export interface TracedFill {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

// The lock names this process, as it would a filler: it ends at once with what it runs.
const wrapper = (bundle: string): string => `
const { spawnSync } = require('node:child_process');
const { openSync } = require('node:fs');
const trace = JSON.parse(process.env.NODE_OFFLOAD_TRACE || 'null');
const first = () => {
  try {
    return openSync(trace.once, 'wx');
  } catch {
    return undefined;
  }
};
if (process.env.OFFLOAD_FILL_JOB !== undefined && trace !== null && first() !== undefined) {
  spawnSync('strace', [...trace.args, process.execPath, ${JSON.stringify(bundle)}], { stdio: 'ignore' });
  if (trace.both) process.kill(process.ppid, 'SIGKILL');
} else require(${JSON.stringify(bundle)});
`;

/** With `both`, the request that started the fill is killed when the fill ends. */
async function traced(dir: string, inject: readonly string[], both: boolean): Promise<TracedFill> {
  const script = join(dir, 'traced.cgi');
  const log = join(dir, 'strace.log');
  writeFileSync(script, `#!${process.execPath}\n${wrapper(await offloadCgi())}`, { mode: 0o755 });
  const args = ['-f', '-y', '-qq', '-s', '0', '-o', log, '-e', `trace=${CALLS.join(',')}`, ...inject];
  return { script, log, env: { NODE_OFFLOAD_TRACE: JSON.stringify({ args, both, once: join(dir, 'traced') }) } };
}

/** The first fill is traced. */
export function tracedFill(dir: string): Promise<TracedFill> {
  return traced(dir, [], false);
}

/** The first fill is killed as it makes this call; with `both`, the request that started it, too. */
export function killedFill(dir: string, { name, nth }: SystemCall, both: boolean): Promise<TracedFill> {
  return traced(dir, ['-e', `inject=${name}:signal=KILL:when=${nth}`], both);
}

/** This call of the first fill fails, in each of its threads. */
export function failingFill(dir: string, { name, nth }: SystemCall, error: string): Promise<TracedFill> {
  return traced(dir, ['-e', `inject=${name}:error=${error}:when=${nth}`], false);
}

/** The calls of a traced fill, in their order; `about` is what strace wrote after the name. */
export function callsIn(log: string): (SystemCall & { readonly about: string })[] {
  const counts = new Map<string, number>();
  const calls = [];
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const [, thread, name, about] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (thread === undefined || name === undefined || about === undefined) continue;
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    calls.push({ name, nth, about });
  }
  return calls;
}
