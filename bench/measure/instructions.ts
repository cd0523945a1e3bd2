import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const VALGRIND = '/usr/bin/valgrind';

/** For messages: false if instructions can be counted, else what is missing. */
export function lackingValgrind(): string | false {
  return existsSync(VALGRIND) ? false : "needs Debian's valgrind";
}

/**
 * Instructions that a program executes in user space: unlike CPU time hardly touched by what else the machine does.
 * Counted in one thread after the other, so that work of V8's helpers is in it too.
 */
export async function countInstructions(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', ...command];
  const { stderr } = await promisify(execFile)(VALGRIND, args, { env, cwd: '/', encoding: 'latin1' }).catch((error: unknown) => {
    // A script that answers 500 exits 1, and has been counted all the same.
    if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string') return { stderr: error.stderr };
    throw error;
  });
  const count = /Collected : (\d+)/.exec(stderr)?.[1];
  if (count === undefined) throw new Error(`valgrind counted nothing for ${command.join(' ')}: ${stderr}`);
  return Number(count);
}
