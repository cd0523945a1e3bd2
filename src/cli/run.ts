import { readArguments } from './arguments.js';
import { coloursOf } from './colour.js';
import type { Command, Run } from './command.js';
import { commandHelp } from './help.js';
import { EXIT, type Io } from './io.js';
import { reporting } from './reporting.js';
import { COMMANDS } from './table.js';

/** The command that is meant; `offload check --big URL` was the name of `check-base` before `check` was the doctor. */
export function commandNamed(name: string, args: readonly string[]): Command | undefined {
  const ofBase = name === 'check' && args.some((arg) => /^--(?:big|small)(?:=|$)/.test(arg));
  return COMMANDS.find((command) => command.name === (ofBase ? 'check-base' : name));
}

/**
 * Runs a command: reads its arguments, or writes its help. Input that can't be used becomes a line on standard error.
 * @returns the exit code
 */
export async function runCommand(command: Command, args: readonly string[], io: Io, run?: Run): Promise<number> {
  return reporting(io, `offload ${command.name}`, async () => {
    const given = readArguments(command, args);
    if (given.flags['help'] === true) {
      io.stdout.write(commandHelp(command, coloursOf(io.stdout)));
      return EXIT.done;
    }
    return (run ?? (await command.load()))(given, io);
  });
}
