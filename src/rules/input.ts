import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { type Arguments, flag, flagList, isSet } from '../cli/arguments.js';
import type { Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { DIRECTIVES, parseRules, type Rules } from './directives.js';
import type { Line } from './lines.js';
import type { OffloadHost } from './offload-host.js';

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
  const hosts = isSet(args, 'no-resolve') || !rules.engine ? rules.hosts : await Promise.all(rules.hosts.map(resolve));
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
      throw new Problem(file, `can't be read (${codeOf(error)}); name a file of directives that this user may read`);
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
