import { coloursOf } from './cli/colour.js';
import { EXIT } from './cli/io.js';
import { programHelp } from './cli/help.js';
import { withRemedy } from './cli/remedy.js';
import { commandNamed, runCommand } from './cli/run.js';
import { COMMANDS } from './cli/table.js';
import { codeOf } from './errors.js';
import { printable } from './log.js';
import { suggest } from './settings/suggest.js';
import { VERSION } from './version.js';

/** `engines` of package.json: npm only warns. */
const LEAST_NODE = 20;

async function main([name, ...args]: string[]): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
    process.stderr.write(`offload: this is Node ${process.versions.node} (${process.execPath}); it needs ${LEAST_NODE} or later: install one, and name it in the first line of ${process.argv[1] ?? 'this file'}\n`);
    return EXIT.refused;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`offload ${VERSION}\n`);
    return EXIT.done;
  }
  if (name === 'help' && args[0] !== undefined) return main([...args, '--help']);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const out = name === undefined ? process.stderr : process.stdout;
    out.write(programHelp(coloursOf(out)));
    return name === undefined ? EXIT.refused : EXIT.done;
  }
  const command = commandNamed(name, args);
  if (command !== undefined) return runCommand(command, args, process);
  const meant = suggest(name, COMMANDS.map((each) => each.name));
  process.stderr.write(`offload: ${printable(name)}: no such command; ${meant === undefined ? '' : `did you mean ${meant}? `}offload --help lists them\n`);
  return EXIT.refused;
}

// `offload ls | head`: whoever read us has enough.
process.stdout.on('error', (error) => process.exit(codeOf(error) === 'EPIPE' ? EXIT.done : EXIT.failed));

void main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`offload: ${withRemedy(error)}\n`);
    process.exit(EXIT.failed);
  },
);
