import { VERSION } from '../version.js';
import { comment } from './apache-quote.js';
import type { Rules } from './directives.js';

/** What a flavour may need besides the rules. */
export interface OutputOptions {
  /** Where the directives came from, for the first comment. */
  readonly source: string;
  /** Directories whose files may be offloaded. */
  readonly directories: readonly string[];
  /** The file that `offload hosts` writes; undefined: hosts are written into the configuration. */
  readonly map: string | undefined;
  /** The marker tree that `offload rules --mark` makes. */
  readonly marks: string | undefined;
  /** Extensions of files that may be offloaded, where a server can't ask for the type. */
  readonly extensions: readonly string[] | undefined;
  /** Extensions of scripts, where a server can't ask for the handler. */
  readonly dynamic: readonly string[];
}

/** Writes one server's configuration; the same rules and options give the same bytes. */
export type Flavour = (rules: Rules, options: OutputOptions) => string;

/** The comment that each output begins with. `install` and `notes` are lines of the flavour's own. */
export function preamble(rules: Rules, options: OutputOptions, flavour: string, install: readonly string[]): string[] {
  const settings = settingsLines(rules).map((line) => `    ${line}`);
  return [
    `Made by offload ${VERSION}: offload rules --server ${flavour}`,
    `From ${options.source}:`,
    ...settings,
    '',
    ...install,
    '',
    'Test, with a big file of yours:',
    '    curl -s -o /dev/null -D - http://HOST/PATH',
    'answers 307 with the Location of an offload host, and with -H "X-Mod-Offload-Bypass: true" it answers 200;',
    `or: offload check-base --big http://HOST/PATH ${options.source.includes(' ') ? 'FILE' : options.source}`,
  ].map(comment);
}

function onOff(value: boolean): string {
  return value ? 'On' : 'Off';
}

/** The rules as directives again, each on its line, defaults included. */
export function settingsLines(rules: Rules): string[] {
  return [
    `OffloadEngine ${onOff(rules.engine)}`,
    ...rules.hosts.map(({ href, weight, addresses, name }) => {
      const pinned = addresses.filter((address) => address !== name).map((address) => ` address=${address}`);
      return `OffloadHost ${href}${weight === 1 ? '' : ` weight=${weight}`}${pinned.join('')}`;
    }),
    `OffloadMinSize ${rules.minSize}`,
    ...rules.excludeMimeType.map(({ text }) => `OffloadExcludeMimeType "${text}"`),
    ...rules.excludeUserAgent.map(({ text }) => `OffloadExcludeUserAgent "${text}"`),
    ...rules.excludeAddress.map(({ text }) => `OffloadExcludeAddress "${text}"`),
    ...rules.onlyPath.map(({ text }) => `OffloadOnlyPath "${text}"`),
    ...rules.excludePath.map(({ text }) => `OffloadExcludePath "${text}"`),
    `OffloadChoose ${rules.choose}`,
    ...(rules.linkDuplicates ? ['OffloadLinkDuplicates On'] : []),
    ...(rules.debug ? ['OffloadDebug On'] : []),
  ];
}

/** Lines as a file. */
export function asText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** Indents lines by two spaces, for what stands in a section. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `  ${line}`));
}
