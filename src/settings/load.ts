import { readFileSync } from 'node:fs';
import { codeOf } from '../errors';
import { BadValue } from './bad-value';
import { readLines, splitWords } from './file';
import { directiveOf, variableOf } from './names';
import type { Key, Settings } from './settings';
import { settingsFile, type SettingsSource, variable } from './source';
import { suggest } from './suggest';
import { BASE_SIDE, KEYS, TABLE } from './table';

/** All that is wrong with the settings, one sentence a problem; the message has one on each line. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const DEFAULT = 'default';

interface Found {
  readonly text: string;
  /** Undefined for a bad text, and for a default, which is parsed when it is read. */
  readonly value: unknown;
  /** `--timeout`, `OFFLOAD_TIMEOUT`, `/etc/offload.conf:3` or `default`. */
  readonly from: string;
}

interface Gathered {
  readonly found: Map<Key, Found>;
  readonly problems: string[];
}

/**
 * Reads the settings: flag, environment, file, default, in this order.
 * @throws {SettingsError} with every problem: bad values, unknown directives, an unreadable file, no base.
 */
export function loadSettings(source: SettingsSource): Settings {
  const { found, problems } = gather(source);
  const settings: Partial<Record<Key, unknown>> = {};
  for (const [key, { text, value, from }] of found) {
    if (from === DEFAULT) parseWhenRead(settings, key, text);
    else settings[key] = value;
  }
  if (problems.length > 0 || !isComplete(settings)) throw new SettingsError(problems);
  return settings;
}

/** The table's type holds each parser to its field. */
function isComplete(settings: Partial<Record<Key, unknown>>): settings is Settings {
  return KEYS.every((key) => key in settings);
}

/** A default is known to be good, and one request needs only a few of them. */
function parseWhenRead(settings: Partial<Record<Key, unknown>>, key: Key, text: string): void {
  Object.defineProperty(settings, key, {
    enumerable: true,
    configurable: true,
    get: () => {
      const value = TABLE[key].parse(text);
      Object.defineProperty(settings, key, { value, enumerable: true });
      return value;
    },
  });
}

export interface ExplainedSetting {
  readonly directive: string;
  /** As it was written; undefined if it must be set and isn't. */
  readonly text: string | undefined;
  /** `--timeout`, `OFFLOAD_TIMEOUT`, `/etc/offload.conf:3`, `default` or `not set`. */
  readonly from: string;
}

/** What every setting is and where it came from, for people; does not throw for bad settings, but lists the problems. */
export function explainSettings(source: SettingsSource): {
  readonly settings: readonly ExplainedSetting[];
  readonly problems: readonly string[];
} {
  const { found, problems } = gather(source);
  const settings = KEYS.map((key) => {
    const { text, from } = found.get(key) ?? { text: undefined, from: 'not set' };
    return { directive: directiveOf(key), text, from };
  });
  return { settings, problems };
}

function gather(source: SettingsSource): Gathered {
  const into: Gathered = { found: new Map(), problems: [] };
  const { path: file, first } = settingsFile(source);
  if (file !== undefined) readFile(file, into);

  for (const key of KEYS) {
    const usual = TABLE[key].default;
    const flag = source.flag?.(key);
    if (flag?.text !== undefined) {
      take(into, key, flag.text, flag.name, `${flag.name} `);
      continue;
    }
    const name = variableOf(key);
    const text = variable(source.env, name);
    if (text !== undefined) take(into, key, text, name, `${name}=`);
    else if (into.found.has(key)) continue;
    else if (usual !== undefined) into.found.set(key, { text: usual, value: undefined, from: DEFAULT });
    else {
      const directive = directiveOf(key);
      const byFlag = flag === undefined ? '' : ` or ${flag.name}`;
      into.problems.push(`${directive}: not set; write ${directive} and its value in ${file ?? first}, or set ${name}${byFlag}`);
    }
  }
  return into;
}

function take({ found, problems }: Gathered, key: Key, written: string, from: string, label: string): void {
  const text = written.trim();
  let value: unknown;
  try {
    value = TABLE[key].parse(text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    problems.push(`${label}${show(text)}: ${error.message}`);
  }
  found.set(key, { text, value, from });
}

/** A value in a message: one line, not endless, and no password in a log. */
function show(text: string): string {
  const safe = text.replace(/^([a-z]+:\/\/)?[^/].*@/is, '$1***@');
  const cut = safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
  // Not as literals: V8 checks those when it loads the file, and looks \p{C} up in ICU, for every request.
  if (cut !== '' && !new RegExp('[\\s\\p{C}"]', 'u').test(cut)) return cut;
  return JSON.stringify(cut).replaceAll(new RegExp('\\p{C}|[\\u2028\\u2029]', 'gu'), '?');
}

function readFile(path: string, into: Gathered): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    into.problems.push(`${show(path)}: cannot be read by uid ${process.geteuid?.()} (${codeOf(error)}); let it, or name another file in OFFLOAD_CONF`);
    return;
  }
  const keys = new Map(KEYS.map((key) => [directiveOf(key).toLowerCase(), key]));
  for (const { number, directive, rest } of readLines(text)) {
    const key = keys.get(directive.toLowerCase());
    const where = `${path}:${number}`;
    if (key === undefined) checkForeign(directive, where, into);
    else takeLine(key, rest, where, into);
  }
}

function takeLine(key: Key, rest: string, where: string, into: Gathered): void {
  const { many, phrase } = TABLE[key];
  const directive = directiveOf(key);
  const earlier = into.found.get(key);
  const words = splitWords(rest);
  let problem = '';
  if (words === undefined) problem = 'a quote has no end; write it';
  else if (words.length === 0) problem = 'no value; write one';
  else if (words.length > 1 && !many && !phrase) {
    problem = 'more than one value; quote one with blanks, put a comment on a line of its own';
  } else {
    take(into, key, words.join(' '), where, `${where}: ${directive} `);
    const now = into.found.get(key);
    if (many && earlier && now) into.found.set(key, joined(earlier, now));
    return;
  }
  into.problems.push(`${where}: ${directive}${rest && ' '}${rest && show(rest)}: ${problem}`);
  into.found.set(key, { text: rest, value: undefined, from: where });
}

function joined(one: Found, other: Found): Found {
  const values: unknown[] = [one.value, other.value].flat();
  return { text: `${one.text} ${other.text}`, value: values, from: `${one.from}, ${other.from}` };
}

/** A directive that isn't in the table: the base side's are left to `offload rules`. */
function checkForeign(directive: string, where: string, into: Gathered): void {
  const baseSide = BASE_SIDE.split(' ').map((name) => `Offload${name}`);
  if (baseSide.some((name) => name.toLowerCase() === directive.toLowerCase())) return;
  const meant = suggest(directive, [...KEYS.map(directiveOf), ...baseSide]);
  const remedy = meant === undefined ? 'remove the line' : `did you mean ${meant}?`;
  into.problems.push(`${where}: ${show(directive)}: unknown directive; ${remedy}`);
}
