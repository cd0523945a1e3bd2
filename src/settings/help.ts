/** Texts for people made of the table. Not loaded by the CGI program. */
import type { ParseArgsConfig } from 'node:util';
import { flagOf } from './flags';
import { directiveOf, variableOf } from './names';
import type { Key } from './settings';
import { KEYS, TABLE, type Setting } from './table';

const WIDTH = 80;
/** The widest column of heads. */
const LEFT = 38;

/** How each form of value is written, for below the flags or the table. */
export const VALUE_FORMS = {
  ORIGIN: 'https://www.example.org, http://base.internal:8080',
  DURATION: '500ms, 45s, 10m, 2h, 1d or 0',
  'SIZE|PERCENT': '500M, 2G (powers of 1024), or 5% of the file system',
  'ADDRESS[/BITS]...': '192.0.2.7, 10.0.0.0/8, 2001:db8::/32, between blanks or commas; none',
  'WAY [PREFIX [FIELD...]]': 'none, x-sendfile, x-accel-redirect /.offload, x-litespeed-location /.offload, local-redirect /.offload',
} as const;

/** Options for `parseArgs` of node:util: a flag for each setting; a switch is a flag without a value. */
export function flagOptions(keys: readonly Key[] = KEYS): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    keys.map((key) => {
      const { syntax, many = false } = setting(key);
      return [flagOf(key), { type: syntax === 'on|off' ? 'boolean' : 'string', multiple: many }];
    }),
  );
}

type Row = readonly [head: string, text: string];

/** The flag of each setting, and what it means. */
export function settingRows(keys: readonly Key[] = KEYS): readonly Row[] {
  return keys.map((key) => {
    const { syntax, meaning, default: usual } = setting(key);
    const value = syntax === 'on|off' ? '' : ` ${syntax}`;
    return [`  --${flagOf(key)}${value}`, `${meaning} (${usual === undefined ? 'required' : `default: ${usual}`})`] as const;
  });
}

/** How the values of these settings are written. */
export function valueRows(keys: readonly Key[] = KEYS): readonly Row[] {
  const used = new Set<string>(keys.map((key) => setting(key).syntax));
  return Object.entries(VALUE_FORMS).filter(([form]) => used.has(form)).map(([form, examples]) => [`  ${form}`, examples] as const);
}

/** The table of all settings in Markdown, for the README. */
export function settingsTable(): string {
  const rows = KEYS.map((key) => {
    const { syntax, meaning, default: usual } = setting(key);
    const cells = [code(directiveOf(key)), code(variableOf(key)), code(`--${flagOf(key)}`), code(syntax), usual === undefined ? 'required' : code(usual)];
    return `| ${[...cells, meaning].map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |\n`;
  });
  return `| directive | environment | flag | value | default | meaning |\n|---|---|---|---|---|---|\n${rows.join('')}`;
}

function setting(key: Key): Setting<unknown> {
  return TABLE[key];
}

function code(text: string): string {
  return `\`${text}\``;
}

/** In aligned columns, at most 80 wide, each line with its line feed; a long head has its text in the line below. */
export function columns(rows: readonly Row[]): string {
  const left = Math.min(Math.max(...rows.map(([head]) => head.length)) + 2, LEFT);
  const gap = `\n${' '.repeat(left)}`;
  return rows.map(([head, text]) => {
    const start = head.length + 2 > left ? `${head}${gap}` : head.padEnd(left);
    return `${start}${wrap(text, WIDTH - left).join(gap)}\n`;
  }).join('');
}

/** Lines of at most `width` characters, if no word is longer. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
