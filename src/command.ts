import { demoCommand } from './demo/demo.js';
import { serveCommand } from './host/serve/command.js';
import { checkBaseCommand, hostsCommand, rulesCommand } from './rules/cli.js';
import { siteCommand } from './site/command.js';
import { VERSION } from './version.js';

interface Command {
  readonly summary: string;
  /** Resolves with the exit code. */
  run(args: string[]): Promise<number>;
}

const COMMANDS: { readonly [name: string]: Command } = {
  serve: { summary: 'answer requests without a web server', run: serveCommand },
  site: { summary: "write the offload side's configuration of a web server", run: siteCommand },
  rules: { summary: "write the base's configuration: which requests it redirects, and where", run: (args) => rulesCommand(args, process) },
  hosts: { summary: 'watch the offload hosts; a dead one gets no more redirects', run: (args) => hostsCommand(args, process) },
  check: { summary: 'ask a base whether it redirects what it should', run: (args) => checkBaseCommand(args, process) },
  demo: { summary: 'try it: an embedded base and an offload server before it', run: demoCommand },
};

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`);
  return [
    `offload ${VERSION}: takes the load of popular files off a web server`,
    '',
    'Usage: offload COMMAND [FLAG...]',
    '',
    ...lines,
    '',
    'offload COMMAND --help tells the flags of a command.',
    '',
  ].join('\n');
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--version' || name === '-V') {
    process.stdout.write(`offload ${VERSION}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? process.stderr : process.stdout).write(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(args);
  process.stderr.write(`offload: ${name}: no such command; offload --help lists them\n`);
  return 2;
}

void main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`offload: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
