import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../errors.js';

/** A process, named so that a reused pid or another machine's pid isn't taken for it. */
export interface Owner {
  /** Machine, boot and pid namespace: only within one of these can a pid be looked up. */
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot; '' where /proc doesn't tell. */
  readonly start: string;
}

let host: string | undefined;
let boot: string | undefined;

export function thisHost(): string {
  host ??= [read('/proc/sys/kernel/hostname'), read('/proc/sys/kernel/random/boot_id'), pidNamespace()].join(' ');
  return host;
}

/** Of the kernel that runs us, and so of its page cache; a random one where that can't be told: it is nobody else's. */
export function thisBoot(): string {
  boot ??= read('/proc/sys/kernel/random/boot_id') || `${process.pid} ${Date.now()} ${Math.random()}`;
  return boot;
}

export function ownerOf(pid: number): Owner {
  return { host: thisHost(), pid, start: statOf(pid)?.start ?? '' };
}

/** Whether an owner runs; undefined if this host cannot tell, because it is another's. A zombie doesn't run. */
export function isAlive(owner: Owner): boolean | undefined {
  if (owner.host !== thisHost()) return undefined;
  const stat = statOf(owner.pid);
  if (stat !== undefined) return stat.start === owner.start && stat.state !== 'Z' && stat.state !== 'X';
  if (owner.start !== '') return false;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function statOf(pid: number): { state: string; start: string } | undefined {
  // The command name may hold blanks and parentheses: fields are counted after the last one (proc(5)).
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
