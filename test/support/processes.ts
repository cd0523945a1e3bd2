import { strict as assert } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { waitUntil } from './wait.js';

/** One letter (`R`, `S`, `Z`…) from /proc; undefined if there is no such process. */
export function processState(pid: number): string | undefined {
  try {
    // The name in parentheses may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** True while the process runs; a zombie doesn't run. */
export function processRuns(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Waits until the process is gone (or a zombie); throws with its command line if it stays. */
export async function assertNoProcess(pid: number, timeout?: number): Promise<void> {
  await waitUntil(() => !processRuns(pid), {
    ...(timeout === undefined ? {} : { timeout }),
    what: () => `the end of process ${pid}: ${commandLine(pid)}`,
  });
}

/** The command line of a process, for messages. */
export function commandLine(pid: number): string {
  return text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Running processes whose command line or environment names `mark` (a test's own directory), but not this one. */
export function processesOf(mark: string): number[] {
  assert.ok(mark.length > 8, `mark ${mark}: too short to be unique to a test`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => processRuns(pid) && (text(`/proc/${pid}/cmdline`).includes(mark) || text(`/proc/${pid}/environ`).includes(mark)));
}

/** Waits until no process names `mark` any more; throws with what is left. */
export async function assertNoProcessesOf(mark: string, timeout?: number): Promise<void> {
  await waitUntil(() => processesOf(mark).length === 0, {
    ...(timeout === undefined ? {} : { timeout }),
    what: () => `the end of ${processesOf(mark).map((pid) => `${pid} (${commandLine(pid)})`).join(', ')}`,
  });
}

/** SIGKILL to each process that this one has started and that has no session of its own. */
export function killChildrenOf(pid: number): void {
  for (const child of text(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)) {
    if (session(child) === session(pid)) kill(child);
  }
}

/** The sixth field of stat: the fillers have a session of their own, and live on. */
function session(pid: number): string | undefined {
  const stat = text(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
}

/** Ends what a test left behind: SIGKILL to each process that names the test's own directory. */
export function killProcessesOf(mark: string): void {
  processesOf(mark).forEach(kill);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was quicker.
  }
}
