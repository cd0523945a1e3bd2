import { type Arguments, flag, flagList } from '../cli/arguments.js';
import { RULES_SERVERS } from '../cli/commands/rules.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { apache } from './apache.js';
import { apacheAlias } from './apache-alias.js';
import { caddy } from './caddy.js';
import { DYNAMIC_EXTENSIONS } from './extensions.js';
import { contentOf, hostsMap, replaceFile } from './hosts-map.js';
import { htaccess } from './htaccess.js';
import { readInput } from './input.js';
import { lighttpd } from './lighttpd.js';
import { markTree } from './mark.js';
import { nginx } from './nginx.js';
import type { Flavour, OutputOptions } from './output.js';
import { redirectmatch } from './redirectmatch.js';

const COMMAND = 'offload rules';
const FLAVOURS: { readonly [Server in (typeof RULES_SERVERS)[number]]: Flavour } = {
  apache,
  'apache-alias': apacheAlias,
  htaccess,
  redirectmatch,
  nginx,
  lighttpd,
  caddy,
};

/**
 * `offload rules`: writes configuration to standard output, or with `--mark DIR --root DIR` makes the marks.
 * @returns the exit code: 0, or 2 for input that can't be used (said on standard error).
 */
export async function rulesCommand(given: Arguments, io: Io): Promise<number> {
  const server = RULES_SERVERS.find((name) => name === flag(given, 'server')) ?? 'apache';
  const root = flag(given, 'root');
  if (root !== undefined) return refreshMarks(given, root, io);
  const { rules, source } = await readInput(given, io);
  const options = outputOptions(given, source, rules.directory);
  const text = FLAVOURS[server](rules, options);
  if (options.map !== undefined && rules.engine && contentOf(options.map) === undefined) {
    replaceFile(options.map, hostsMap(rules, () => true));
    io.stderr.write(`${COMMAND}: made ${options.map}; run \`offload hosts --watch --map ${options.map}\` to keep it\n`);
  }
  io.stdout.write(text);
  return EXIT.done;
}

async function refreshMarks(given: Arguments, root: string, io: Io): Promise<number> {
  const marks = flag(given, 'mark');
  if (marks === undefined) throw new Problem('--root', 'goes with --mark DIR');
  const { rules } = await readInput({ ...given, flags: { ...given.flags, 'no-resolve': true } }, io);
  const { marked, added, removed } = markTree(root, marks, rules.minSize);
  io.stderr.write(`${COMMAND}: ${marks}: ${marked} marks (${added} new, ${removed} removed)\n`);
  return EXIT.done;
}

function outputOptions(given: Arguments, source: string, directory: string | undefined): OutputOptions {
  const directories = flagList(given, 'directory');
  const extensions = flag(given, 'extensions');
  return {
    source,
    directories: directories.length > 0 ? directories : [Buffer.from(directory ?? '/', 'latin1').toString('utf8')],
    map: absolute(given, 'map'),
    marks: absolute(given, 'mark'),
    extensions: extensions === undefined ? undefined : extensionList(extensions, '--extensions'),
    dynamic: [...new Set([...DYNAMIC_EXTENSIONS, ...extensionList(flag(given, 'dynamic') ?? '', '--dynamic')])].sort(),
  };
}

/** A web server has another working directory than the shell. */
function absolute(given: Arguments, name: string): string | undefined {
  const path = flag(given, name);
  if (path === undefined || path.startsWith('/')) return path?.replace(/\/+$/, '');
  throw new Problem(`--${name} ${path}`, 'must be an absolute path');
}

function extensionList(list: string, where: string): string[] {
  const extensions = list.split(/[\s,]+/).map((each) => each.replace(/^\*?\./, '').toLowerCase());
  const odd = extensions.find((each) => !/^[a-z0-9_+-]*$/.test(each));
  if (odd !== undefined) throw new Problem(where, `"${odd}" is no extension; write them like zip,iso,mp4`);
  return extensions.filter((each) => each !== '');
}
