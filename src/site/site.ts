import { Problem } from '../cli/problem.js';
import type { Handoff, Settings } from '../settings/settings.js';

/** One setting as people write it. */
export interface Given {
  readonly directive: string;
  readonly text: string;
}

/** What a script finds in its environment. */
interface Variable {
  readonly env: string;
  readonly text: string;
}

/** What a configuration is made of. */
export interface Site {
  /** The host name; undefined: whatever name a client asks for. */
  readonly name: string | undefined;
  readonly port: number;
  /** The program's file on this machine, for a server that runs it. */
  readonly script: string;
  /** Its URL, where a user has no more than an .htaccess. */
  readonly scriptUrl: string;
  /** Where fcgiwrap listens. */
  readonly socket: string;
  readonly settings: Settings;
  /** How objects are handed to this server: OffloadHandoff, or if that isn't set what suits it best. */
  readonly handoff: Handoff | undefined;
  /** All that isn't default, but OffloadHandoff: that one the flavour writes. */
  readonly given: readonly Given[];
  /** How the script learns of them. A settings file is named in OFFLOAD_CONF; what stands in it isn't repeated. */
  readonly variables: readonly Variable[];
}

/** One server's configuration. */
export interface Flavour {
  /** The way to hand objects over that is used if OffloadHandoff isn't set. */
  readonly usual: string;
  /** All ways that this server knows. */
  readonly ways: readonly Handoff['way'][];
  /** The same site gives the same text. @throws Problem */
  write(site: Site): Configuration;
}

export interface Configuration {
  /** What it is. */
  readonly about: string;
  /** How to install it, a line each. */
  readonly install: readonly string[];
  readonly lines: readonly string[];
}

/** What no server takes for something else, in quotes. @throws Problem */
export function plain(what: string, text: string): string {
  if (/^[^"\\$`\x00-\x1f\x7f]*$/.test(text)) return text;
  throw new Problem(`${what} ${JSON.stringify(text)}`, `has a character that web servers read in their own ways (" \\ $ \` or a control character); choose another`);
}

/** A path that needs no quotes. @throws Problem */
export function plainPath(what: string, path: string | undefined): string {
  if (path !== undefined && /^\/[\w/.,~@=:+-]*[\w.~+-]$/.test(path)) return path;
  throw new Problem(`${what} ${JSON.stringify(path)}`, 'must begin with a slash, name a file, and have only letters, digits and / . , ~ @ = : + - _');
}

export function comment(text: string): string {
  return text === '' ? '#' : `# ${text}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `    ${line}`));
}

/** A block with braces, of nginx and lighttpd. */
export function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...indent(lines), '}'];
}

/** A section of Apache. */
export function section(name: string, argument: string, lines: readonly string[]): string[] {
  return [`<${name} ${argument}>`, ...indent(lines), `</${name}>`];
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** OffloadHandoff as it is written. */
export function handoffText({ handoff }: Site): string {
  return handoff === undefined ? 'none' : [handoff.way, handoff.prefix, ...handoff.fields].filter((word) => word !== '').join(' ');
}

/** With OffloadMaxDupeDownloads nothing is handed over: whoever reads the configuration should know. */
export function limitNote({ handoff, settings }: Site): string[] {
  if (handoff === undefined || settings.maxDupeDownloads === 0) return [];
  return [comment('OffloadMaxDupeDownloads counts the downloads that this program runs: with it none is handed over.')];
}
