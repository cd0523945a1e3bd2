import { suggest } from '../settings/suggest.js';
import { directiveOf } from '../settings/names.js';
import { KEYS } from '../settings/table.js';
import { readLines, wordsOf, type Line } from './lines.js';
import { parseOffloadHost, type OffloadHost } from './offload-host.js';
import { Problem } from '../cli/problem.js';
import { directoryOf, sectionLine } from './section.js';
import { parseWildcard, WildcardFault, type Wildcard } from './wildcard.js';

/** What the base should do: the directives of mod_offload and a few more, checked. */
export interface Rules {
  readonly engine: boolean;
  readonly hosts: readonly OffloadHost[];
  /** Bytes; smaller files stay on the base. 0: no check. */
  readonly minSize: number;
  readonly excludeMimeType: readonly Wildcard[];
  readonly excludeUserAgent: readonly Wildcard[];
  readonly excludeAddress: readonly Wildcard[];
  readonly onlyPath: readonly Wildcard[];
  readonly excludePath: readonly Wildcard[];
  readonly choose: 'hash' | 'time';
  readonly linkDuplicates: boolean;
  readonly debug: boolean;
  /** The `<Directory>` the directives stood in. */
  readonly directory: string | undefined;
}

type Draft = {
  -readonly [Key in keyof Rules]: Rules[Key] extends readonly (infer Item)[] ? Item[] : Rules[Key];
};
type ListOfWildcards = 'excludeMimeType' | 'excludeUserAgent' | 'excludeAddress' | 'onlyPath' | 'excludePath';

interface Directive {
  readonly flag: string;
  readonly syntax: string;
  readonly meaning: string;
  readonly read: (rules: Draft, words: readonly string[], where: string) => void;
}

const KIBI = 1024;
const DEFAULT_MIN_SIZE = 5 * KIBI;

/** Every directive of the base side: its flag, and how its words become a rule. */
export const DIRECTIVES: Readonly<Record<string, Directive>> = {
  OffloadEngine: onOff('engine', 'engine', 'whether to offload at all'),
  OffloadHost: {
    flag: 'host',
    syntax: '"HOST [weight=N] [address=IP]"',
    meaning: 'a server to redirect to; repeat for more',
    read: (rules, words, where) => addHost(rules.hosts, parseOffloadHost(words, where)),
  },
  OffloadMinSize: {
    flag: 'min-size',
    syntax: 'BYTES',
    meaning: 'smaller files stay (K, M, G may follow; 5120; 0 = no check)',
    read: (rules, words, where) => {
      rules.minSize = parseSize(single(words, 'OffloadMinSize', where), where);
    },
  },
  OffloadExcludeMimeType: wildcards('excludeMimeType', 'exclude-mime-type', 'files of these types stay'),
  OffloadExcludeUserAgent: wildcards('excludeUserAgent', 'exclude-user-agent', 'these clients are served here'),
  OffloadExcludeAddress: wildcards('excludeAddress', 'exclude-address', 'clients from these addresses are served here'),
  OffloadOnlyPath: wildcards('onlyPath', 'only-path', 'only URL paths that match one of these'),
  OffloadExcludePath: wildcards('excludePath', 'exclude-path', 'URL paths that stay'),
  OffloadChoose: {
    flag: 'choose',
    syntax: 'hash|time',
    meaning: 'a URL always to the same host, or another host each second',
    read: (rules, words, where) => {
      const word = single(words, 'OffloadChoose', where).toLowerCase();
      if (word !== 'hash' && word !== 'time') throw new Problem(where, `OffloadChoose ${word}: use hash or time`);
      rules.choose = word;
    },
  },
  OffloadLinkDuplicates: onOff('linkDuplicates', 'link-duplicates', 'name two more hosts in a Link header (RFC 6249)'),
  OffloadDebug: onOff('debug', 'debug', "log each decision (Apache's rewrite log)"),
};

/** Directives of the offload side: one file may configure both. */
const OFFLOAD_SIDE = new Set(KEYS.map((key) => directiveOf(key).toLowerCase()));

/** Where the text of directives came from. */
export interface Source {
  readonly file: string;
  /** Bytes as latin1. */
  readonly text: string;
  /** Take only directives directly in the section that begins in this line; 0: those in none. */
  readonly section?: number | undefined;
}

/**
 * Reads directives from a file (mod_offload's own configuration, with what stands around it) and from flags, which
 * come last and so have the last word.
 * @throws {Problem} with file, line and remedy for what can't be used.
 */
export function parseRules(source: Source | undefined, flags: readonly Line[] = []): Rules {
  const rules: Draft = {
    engine: false,
    hosts: [],
    minSize: DEFAULT_MIN_SIZE,
    excludeMimeType: [],
    excludeUserAgent: [],
    excludeAddress: [],
    onlyPath: [],
    excludePath: [],
    choose: 'hash',
    linkDuplicates: false,
    debug: false,
    directory: undefined,
  };
  if (!source) rules.engine = true; // whoever gives flags only means it
  const own = (source ? readLines(source.text, source.file) : []).filter(isOurs);
  const chosen = source?.section === undefined ? own : own.filter((line) => sectionLine(line) === source.section);
  rules.directory = directoryOf(chosen);
  for (const line of [...chosen, ...flags]) {
    const directive = byName(line.name);
    if (!directive) throw new Problem(line.where, `${line.name}: unknown directive${guess(line.name)}`);
    directive.read(rules, wordsOf(line.rest, line.where), line.where);
  }
  const name = source?.file ?? 'offload rules';
  if (!rules.engine) return rules;
  if (rules.hosts.length === 0) throw new Problem(name, 'no OffloadHost; name at least one server to redirect to');
  if (rules.hosts.every((host) => host.weight === 0)) throw new Problem(name, 'every OffloadHost has weight=0');
  return rules;
}

/** A directive of ours, or a mistyped one: the rest of a web server's configuration is none of our business. */
function isOurs(line: Line): boolean {
  const name = line.name.toLowerCase();
  if (OFFLOAD_SIDE.has(name) && name !== 'offloaddebug') return false;
  return name.startsWith('offload') || nearest(line.name) !== undefined;
}

function byName(name: string): Directive | undefined {
  const known = Object.keys(DIRECTIVES).find((each) => each.toLowerCase() === name.toLowerCase());
  return known === undefined ? undefined : DIRECTIVES[known];
}

function guess(name: string): string {
  const near = nearest(name);
  return near === undefined ? `; known are ${Object.keys(DIRECTIVES).join(', ')}` : `; did you mean ${near}?`;
}

/** A name that differs by a slip of the finger only: other directives of a web server are none of ours. */
function nearest(name: string): string | undefined {
  return name.length > 8 ? suggest(name, Object.keys(DIRECTIVES)) : undefined;
}

function single(words: readonly string[], name: string, where: string): string {
  const [word, ...more] = words;
  if (word === undefined) throw new Problem(where, `${name} needs a value`);
  if (more.length > 0) throw new Problem(where, `${name} takes one value; put quotes around "${words.join(' ')}"`);
  return word;
}

function onOff(key: 'engine' | 'debug' | 'linkDuplicates', flag: string, meaning: string): Directive {
  return {
    flag,
    syntax: 'on|off',
    meaning,
    read: (rules, words, where) => {
      const word = single(words, `--${flag}`, where).toLowerCase();
      if (word !== 'on' && word !== 'off') throw new Problem(where, `"${word}" is neither On nor Off`);
      rules[key] = word === 'on';
    },
  };
}

function wildcards(key: ListOfWildcards, flag: string, meaning: string): Directive {
  return {
    flag,
    syntax: 'WILDCARD',
    meaning,
    read: (rules, words, where) => {
      const text = single(words, `--${flag}`, where);
      try {
        rules[key].push(parseWildcard(text));
      } catch (error) {
        if (error instanceof WildcardFault) throw new Problem(where, `the wildcard "${text}" ${error.message}`);
        throw error;
      }
    },
  };
}

function parseSize(text: string, where: string): number {
  const [, digits, unit = ''] = /^(\d{1,15})([KMG]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw new Problem(where, `OffloadMinSize ${text}: write bytes, or 5K, 20M, 1G`);
  return Number(digits) * KIBI ** ' KMG'.indexOf(unit.toUpperCase() || ' ');
}

/** A host named twice gets twice the share, as it did when the original counted through its list. */
function addHost(hosts: OffloadHost[], host: OffloadHost): void {
  const at = hosts.findIndex(({ href }) => href === host.href);
  const same = hosts[at];
  if (!same) hosts.push(host);
  else {
    const addresses = [...new Set([...same.addresses, ...host.addresses])];
    hosts[at] = { ...same, weight: same.weight + host.weight, addresses };
  }
}
