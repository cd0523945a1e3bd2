import { EXIT } from './cli/io.js';
import { programHelp } from './cli/help.js';
import { commandNamed, runCommand } from './cli/run.js';
import { COMMANDS } from './cli/table.js';
import { printable } from './log.js';
import { suggest } from './settings/suggest.js';
import { VERSION } from './version.js';

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--version' || name === '-V') {
    process.stdout.write(`offload ${VERSION}\n`);
    return EXIT.done;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? process.stderr : process.stdout).write(programHelp());
    return name === undefined ? EXIT.refused : EXIT.done;
  }
  const command = commandNamed(name, args);
  if (command !== undefined) return runCommand(command, args, process);
  const meant = suggest(name, COMMANDS.map((each) => each.name));
  process.stderr.write(`offload: ${printable(name)}: no such command; ${meant === undefined ? '' : `did you mean ${meant}? `}offload --help lists them\n`);
  return EXIT.refused;
}

void main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`offload: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT.failed);
  },
);
