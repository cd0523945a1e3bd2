import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { DIRECTIVES, parseRules, type Rules } from './directives.js';
import { type Io, EXIT } from './io.js';
import type { Line } from './lines.js';
import type { OffloadHost } from './offload-host.js';
import { Problem } from './problem.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Flags that every command of the base side takes: one for each directive, and how to read the file. */
export const INPUT_OPTIONS = {
  ...(Object.fromEntries(
    Object.values(DIRECTIVES).map(({ flag: name }) => [name, { type: 'string', multiple: true } as const]),
  ) as Record<string, { type: 'string'; multiple: true }>),
  section: { type: 'string' },
  'no-resolve': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies Options;

/** Flags and words of a command line. */
export interface Arguments {
  readonly flags: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly words: readonly string[];
}

/** @throws {Problem} for an unknown flag. */
export function readArguments(args: readonly string[], options: Options, command: string): Arguments {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { flags: values, words: positionals };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/\. To specify a positional.*/, '') : '';
    throw new Problem(command, `${why}; see ${command} --help`);
  }
}

/** The one value of a flag. */
export function flag({ flags }: Arguments, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** All values of a flag. */
export function flagList({ flags }: Arguments, name: string): string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** A whole number from a flag. @throws {Problem} if it isn't one in the range. */
export function flagNumber(args: Arguments, name: string, usual: number, least: number, most: number): number {
  const text = flag(args, name);
  if (text === undefined) return usual;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem(`--${name} ${text}`, `must be a number from ${least} to ${most}`);
}

/** The rules that a command line names, and what to call the place they came from. */
export interface Input {
  readonly rules: Rules;
  readonly source: string;
}

/**
 * Reads the rules: a file, standard input (`-`), or flags alone; else OFFLOAD_CONF, ./offload.conf, /etc/offload.conf.
 * Names of hosts are looked up, as the original did at its start, unless `--no-resolve` or `address=` is given.
 * @throws {Problem}
 */
export async function readInput(args: Arguments, io: Io): Promise<Input> {
  const lines = flagLines(args);
  const hostsGiven = flagList(args, 'host').length > 0;
  const [file = hostsGiven ? undefined : usualFile(), ...more] = args.words;
  if (more.length > 0) throw new Problem(more.join(' '), 'one file at a time');
  if (file === undefined && !hostsGiven) {
    throw new Problem('no directives', 'name a file of them, "-" for standard input, or flags such as --host');
  }
  const text = file === undefined ? undefined : await readText(file, io);
  const section = flag(args, 'section');
  if (section !== undefined && !/^\d+$/.test(section)) throw new Problem(`--section ${section}`, 'must be a line number');
  const name = file === '-' ? 'standard input' : file;
  const source =
    name === undefined || text === undefined
      ? undefined
      : { file: name, text, ...(section === undefined ? {} : { section: Number(section) }) };
  const rules = parseRules(source, lines);
  const hosts = args.flags['no-resolve'] === true || !rules.engine ? rules.hosts : await Promise.all(rules.hosts.map(resolve));
  return { rules: { ...rules, hosts }, source: [name, ...(lines.length > 0 ? ['flags'] : [])].filter(Boolean).join(' and ') };
}

function usualFile(): string | undefined {
  return [process.env['OFFLOAD_CONF'], 'offload.conf', '/etc/offload.conf'].find(
    (file) => file !== undefined && file !== '' && existsSync(file),
  );
}

async function readText(file: string, io: Io): Promise<string> {
  if (file !== '-') {
    try {
      return readFileSync(file, 'latin1');
    } catch (error) {
      throw new Problem(file, `can't be read (${codeOf(error)})`);
    }
  }
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}

function flagLines(args: Arguments): Line[] {
  return Object.entries(DIRECTIVES).flatMap(([name, { flag: key }]) =>
    flagList(args, key).map((value) => {
      const bytes = Buffer.from(value, 'utf8').toString('latin1');
      // Only a host has words of its own: the shell has read the quotes of the others.
      const rest = name === 'OffloadHost' ? bytes : `"${bytes.replace(/["\\]/g, '\\$&')}"`;
      return { name, rest, where: `--${key} ${value}`, sections: [] };
    }),
  );
}

async function resolve(host: OffloadHost): Promise<OffloadHost> {
  if (host.addresses.length > 0) return host;
  try {
    const found = await lookup(host.name, { all: true });
    return { ...host, addresses: [...new Set(found.map(({ address }) => address))].sort() };
  } catch (error) {
    throw new Problem(
      `OffloadHost ${host.href}`,
      `the name can't be looked up (${codeOf(error)}); mend it, add address=IP, or say --no-resolve: then the host is ` +
        'known by its X-Mod-Offload-Bypass header alone',
    );
  }
}

/** The system's name for an error (ENOENT), or its message. */
export function codeOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return String(error);
}

/** Runs a command; a {@link Problem} becomes a line on standard error and exit code 2. */
export async function reporting(io: Io, command: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    io.stderr.write(`${command}: ${error.message}\n`);
    return EXIT.refused;
  }
}

/** The flags of {@link INPUT_OPTIONS}, for `--help`. */
export function inputHelp(): string {
  const rows = Object.entries(DIRECTIVES).map(
    ([name, { flag: key, syntax, meaning }]) => `  --${`${key} ${syntax}`.padEnd(42)} ${name}: ${meaning}`,
  );
  return [
    'Directives, from FILE ("-": standard input; else OFFLOAD_CONF, offload.conf, /etc/offload.conf) and flags:',
    ...rows,
    `  ${'--section LINE'.padEnd(44)} only directives in the section that begins in this line (0: in none)`,
    `  ${'--no-resolve'.padEnd(44)} don't look up the addresses of offload hosts`,
  ].join('\n');
}
