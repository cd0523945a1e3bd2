import { parseArgs, type ParseArgsConfig } from 'node:util';
import { flagOptions } from '../settings/help.js';
import { suggest } from '../settings/suggest.js';
import type { Command, Flag } from './command.js';
import { Problem } from './problem.js';

/** Flags and words of a command line, checked against the command's table. */
export interface Arguments {
  readonly flags: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly words: readonly string[];
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** @throws {Problem} for an unknown flag, a missing value, a word too many, a value that is none of a flag's choices. */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const options = optionsOf(command);
  const { values, positionals } = parsed(command, args, options);
  for (const each of command.flags) checkChoice(each, values[each.name]);
  return { flags: values, words: positionals };
}

function optionsOf({ flags, settings }: Command): Options {
  const own = flags.map(({ name, value, many = false, default: usual }): [string, Options[string]] => {
    const type = value === undefined ? 'boolean' : 'string';
    return [name, { type, multiple: many, ...(usual === undefined ? {} : { default: usual }) }];
  });
  return { help: { type: 'boolean', short: 'h' }, ...flagOptions(settings), ...Object.fromEntries(own) };
}

function parsed({ name, operands }: Command, args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: operands });
  } catch (error) {
    const why = reason(error, Object.keys(options));
    throw new Problem(`offload ${name}`, `${why}${why.endsWith('?') ? ' See' : '; see'} offload ${name} --help`);
  }
}

/** Node's message without its advice on how to write a word that begins with a dash. */
function reason(error: unknown, known: readonly string[]): string {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const why = text.replace(/\. To specify a positional.*/, '').replace(/\. This command does not take positional arguments$/, ': this command takes no words');
  const unknown = /^Unknown option '--([^']+)'/.exec(why)?.[1];
  const meant = unknown === undefined ? undefined : suggest(unknown, known);
  return meant === undefined ? why : `${why}, did you mean --${meant}?`;
}

function checkChoice({ name, choices }: Flag, given: unknown): void {
  if (choices === undefined || typeof given !== 'string' || choices.includes(given)) return;
  throw new Problem(`--${name} ${given}`, `unknown; use one of ${choices.join(', ')}`);
}

/** The one value of a flag. */
export function flag({ flags }: Arguments, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a switch is set. */
export function isSet({ flags }: Arguments, name: string): boolean {
  return flags[name] === true;
}

/** All values of a flag. */
export function flagList({ flags }: Arguments, name: string): string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** A number from a flag that has a default. @throws {Problem} if it isn't one in the range. */
export function flagNumber(given: Arguments, name: string, least: number, most: number): number {
  const text = flag(given, name) ?? '';
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem(`--${name} ${text}`, `must be a number from ${least} to ${most}`);
}
