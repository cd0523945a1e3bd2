import type { Command, Run } from '../../src/cli/command.js';
import { CHECK_BASE } from '../../src/cli/commands/check-base.js';
import { HOSTS } from '../../src/cli/commands/hosts.js';
import { RULES } from '../../src/cli/commands/rules.js';
import type { Io } from '../../src/cli/io.js';
import { runCommand } from '../../src/cli/run.js';
import { hostsCommand } from '../../src/rules/hosts-command.js';

/** What a command wrote, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `offload rules`. */
export function rules(args: readonly string[], input = ''): Promise<Ran> {
  return run(RULES, args, input);
}

/** Runs `offload hosts`, until `signal` if it watches. */
export function hosts(args: readonly string[], input = '', signal?: AbortSignal): Promise<Ran> {
  return run(HOSTS, args, input, (given, io) => hostsCommand(given, io, signal));
}

/** Runs `offload check-base`. */
export function check(args: readonly string[], input = ''): Promise<Ran> {
  return run(CHECK_BASE, args, input);
}

/** Configuration from `offload rules`; throws what it complained about. */
export async function written(args: readonly string[], input: string): Promise<string> {
  const { code, out, err } = await rules([...args, '-'], input);
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
  return out;
}

async function run(command: Command, args: readonly string[], input: string, program?: Run): Promise<Ran> {
  let [out, err] = ['', ''];
  const io: Io = {
    stdin: (async function* () {
      yield Buffer.from(input, 'latin1');
    })(),
    stdout: { write: (chunk) => (out += String(chunk)) },
    stderr: { write: (chunk) => (err += chunk) },
  };
  const code = await runCommand(command, args, io, program);
  return { code, out, err };
}
