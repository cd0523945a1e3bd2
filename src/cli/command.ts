import type { Key } from '../settings/settings.js';
import type { Arguments } from './arguments.js';
import type { Io } from './io.js';

/** A flag of a command's own. */
export interface Flag {
  /** Without its two dashes. */
  readonly name: string;
  /** The form of its value; a switch has none. Shells complete FILE and DIR, and words like `hash|time`. */
  readonly value?: string;
  /** All values there are: any other is refused, and shells offer these. */
  readonly choices?: readonly string[];
  readonly meaning: string;
  /** The value it has if it isn't given. */
  readonly default?: string;
  /** May be given several times. */
  readonly many?: true;
}

interface Example {
  readonly call: string;
  readonly does: string;
}

/** Resolves with the exit code. @throws Problem, SettingsError for input that can't be used: exit code 2 */
export type Run = (given: Arguments, io: Io) => Promise<number>;

/** One command, as parsing, help, the manual and the shells' completion need it. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What follows the name in the usage line. Flags that must be given stand there; FILE and DIR are completed. */
  readonly usage: string;
  /** Paragraphs. */
  readonly about: readonly string[];
  /** Whether words that are no flags may follow. */
  readonly operands: boolean;
  /** What shells offer for such a word; without it files, if `usage` names a FILE. */
  readonly offers?: readonly string[];
  readonly flags: readonly Flag[];
  /** The settings that have a flag here. */
  readonly settings: readonly Key[];
  /** What each exit code means. */
  readonly exits: readonly (readonly [code: number, meaning: string])[];
  readonly examples: readonly Example[];
  /** Its program: loaded when it is run, so that `offload --help` doesn't wait for it. */
  readonly load: () => Promise<Run>;
}
