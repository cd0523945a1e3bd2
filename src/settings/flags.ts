import type { Key } from './settings';
import type { SettingsSource } from './source';

/** As `parseArgs` gives them, by name without dashes; `true` is `on`. Others than settings' are ignored. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** Its name, without its two dashes. */
export function flagOf(key: Key): string {
  return key.replaceAll(/[A-Z]/g, '-$&').toLowerCase();
}

/** For a source of settings. Not loaded by the CGI program, which has no flags. */
export function flagsFrom(values: FlagValues): NonNullable<SettingsSource['flag']> {
  return (key) => {
    const given = values[flagOf(key)];
    return { name: `--${flagOf(key)}`, text: given === undefined ? undefined : flagText(given) };
  };
}

function flagText(given: NonNullable<FlagValues[string]>): string {
  if (typeof given === 'boolean') return given ? 'on' : 'off';
  return typeof given === 'string' ? given : given.join(' ');
}
