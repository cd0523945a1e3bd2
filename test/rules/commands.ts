import { checkBaseCommand, hostsCommand, rulesCommand } from '../../src/rules/cli.js';
import type { Io } from '../../src/rules/io.js';

/** What a command wrote, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `offload rules`. */
export function rules(args: readonly string[], input = ''): Promise<Ran> {
  return run(rulesCommand, args, input);
}

/** Runs `offload hosts`, until `signal` if it watches. */
export function hosts(args: readonly string[], input = '', signal?: AbortSignal): Promise<Ran> {
  return run((given, io) => hostsCommand(given, io, signal), args, input);
}

/** Runs `offload check` of the base side. */
export function check(args: readonly string[], input = ''): Promise<Ran> {
  return run(checkBaseCommand, args, input);
}

/** Configuration from `offload rules`; throws what it complained about. */
export async function written(args: readonly string[], input: string): Promise<string> {
  const { code, out, err } = await rules([...args, '-'], input);
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
  return out;
}

async function run(command: (args: readonly string[], io: Io) => Promise<number>, args: readonly string[], input: string): Promise<Ran> {
  let [out, err] = ['', ''];
  const io: Io = {
    stdin: (async function* () {
      yield Buffer.from(input, 'latin1');
    })(),
    stdout: { write: (chunk) => (out += String(chunk)) },
    stderr: { write: (chunk) => (err += chunk) },
  };
  const code = await command(args, io);
  return { code, out, err };
}
