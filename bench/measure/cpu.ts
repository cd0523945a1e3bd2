import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHILDREN_CPU = join(__dirname, 'children-cpu.pl');
/** A clock tick of /proc/PID/stat, in microseconds: USER_HZ is 100 on all Linux. */
const TICK = 10_000;

export interface Run {
  /** User and system time of the process and its children, in microseconds; exact. */
  readonly cpu: number;
  readonly stdout: Buffer;
  readonly exitCode: number | null;
}

/** Runs a program to its end with just this environment. @throws if it can't be measured */
export async function runMeasured(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn('/usr/bin/perl', [CHILDREN_CPU, ...command], { env, cwd: '/', stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const out = collect(child.stdout as NodeJS.ReadableStream);
  const cpu = collect(child.stdio[3] as NodeJS.ReadableStream);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const text = (await cpu).toString('latin1');
  if (!/^\d+$/.test(text)) throw new Error(`${command.join(' ')}: its CPU time could not be measured (is perl there?): ${text}`);
  return { cpu: Number(text), stdout: await out, exitCode };
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * User and system time that a server's processes took so far, in microseconds: of those that live, and of the ended ones
 * that were waited for (mod_cgid's scripts are not). In steps of 10 ms: for runs of seconds.
 */
export function treeCpu(roots: readonly number[]): number {
  let ticks = 0;
  for (const pid of tree(roots)) {
    const fields = statFields(pid);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); ours begin with the third.
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * TICK;
}

/** The processes and all that come from them. */
export function tree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  // A Set that grows while it is walked: a root may come from another.
  const found = new Set(roots);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found];
}

/** From the state on; empty if the process is gone. */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
