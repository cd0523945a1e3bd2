import { flagOf } from '../settings/flags.js';
import type { Key } from '../settings/settings.js';
import { TABLE, type Setting } from '../settings/table.js';
import type { Command, Flag } from './command.js';

/** What a shell offers for a word: names of files or directories, one of these words, or nothing. */
export type Offer = 'files' | 'directories' | 'nothing' | readonly string[];

/** A flag as a shell completes it; a switch takes no value. */
export interface OfferedFlag {
  readonly name: string;
  readonly meaning: string;
  readonly many: boolean;
  readonly value: { readonly form: string; readonly offer: Offer } | undefined;
}

/** Every flag of a command: its own, its settings', `--help`. */
export function offeredFlags({ flags, settings }: Command): OfferedFlag[] {
  const all: Flag[] = [...flags, ...settings.map(settingFlag), { name: 'help', meaning: 'tell all of this' }];
  return all.map(({ name, value, meaning, many = false, choices }) => ({
    name,
    meaning,
    many,
    value: value === undefined ? undefined : { form: value, offer: choices ?? offerOf(value) },
  }));
}

/** What may follow a command that is no flag. */
export function offeredWords({ operands, offers, usage }: Command): Offer {
  if (!operands) return 'nothing';
  return offers ?? offerOf(usage.replaceAll(/--[\w-]+ \S+/g, ''));
}

function settingFlag(key: Key): Flag {
  const { meaning, syntax, many }: Setting<unknown> = TABLE[key];
  return { name: flagOf(key), meaning, ...(syntax === 'on|off' ? {} : { value: syntax }), ...(many === true ? { many } : {}) };
}

/** The table names a file FILE, a directory DIR, and a choice by its words. */
function offerOf(form: string): Offer {
  if (/^[a-z-]+(?:\|[a-z-]+)+$/.test(form)) return form.split('|');
  if (/\bDIR(?:ECTORY)?\b/.test(form)) return 'directories';
  return /\bFILE\b/.test(form) ? 'files' : 'nothing';
}

