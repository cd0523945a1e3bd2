/** Texts for people made of the table. Not loaded by the CGI program. */
import type { ParseArgsConfig } from 'node:util';
import { KEYS, TABLE, type Key, type Setting } from './table';

const WIDTH = 80;

/** How each form of value is written, for below the flags or the table. */
export const VALUE_FORMS = {
  ORIGIN: 'https://www.example.org, http://base.internal:8080',
  DURATION: '500ms, 45s, 10m, 2h, 1d or 0',
  'SIZE|PERCENT': '500M, 2G (powers of 1024), or 5% of the file system',
  'ADDRESS[/BITS]...': '192.0.2.7, 10.0.0.0/8, 2001:db8::/32, between blanks or commas; none',
  'WAY [PREFIX [FIELD...]]': 'none, x-sendfile, x-accel-redirect /.offload, x-litespeed-location /.offload, local-redirect /.offload',
} as const;

/** Options for `parseArgs` of node:util: a flag for each setting; a switch is a flag without a value. */
export function flagOptions(): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    KEYS.map((key) => {
      const { flag, syntax, many = false } = setting(key);
      return [flag, { type: syntax === 'on|off' ? 'boolean' : 'string', multiple: many }];
    }),
  );
}

/** The flags in aligned columns, at most 80 wide, each line with its line feed. */
export function flagsHelp(): string {
  const rows = KEYS.map((key) => {
    const { flag, syntax, meaning, default: usual } = setting(key);
    const value = syntax === 'on|off' ? '' : ` ${syntax}`;
    return [`  --${flag}${value}`, `${meaning} (${usual === undefined ? 'required' : `default: ${usual}`})`] as const;
  });
  const forms = Object.entries(VALUE_FORMS).map(([form, examples]) => [`  ${form}`, examples] as const);
  return `${columns(rows)}\nValues:\n${columns(forms)}`;
}

/** The table of all settings in Markdown, for the README. */
export function settingsTable(): string {
  const rows = KEYS.map((key) => {
    const { directive, env, flag, syntax, meaning, default: usual } = setting(key);
    const cells = [code(directive), code(env), code(`--${flag}`), code(syntax), usual === undefined ? 'required' : code(usual)];
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

function columns(rows: readonly (readonly [string, string])[]): string {
  const left = Math.max(...rows.map(([head]) => head.length)) + 2;
  return rows.map(([head, text]) => `${head.padEnd(left)}${wrap(text, WIDTH - left).join(`\n${' '.repeat(left)}`)}\n`).join('');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
