import { existsSync } from 'node:fs';
import type { Key } from './settings';

export interface SettingsSource {
  /** A setting's flag and its text, if it was given; a source may have no flags. */
  readonly flag?: (key: Key) => { readonly name: string; readonly text: string | undefined };
  /** `process.env`: only the names of the table are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `offload.conf` is looked for first. */
  readonly scriptDir: string;
  /** Where it is looked for next: `/etc/offload.conf`. */
  readonly siteFile?: string;
}

/** A variable that is empty counts as not set. Apache renames those of a directory on an internal redirect. */
export function variable(env: SettingsSource['env'], name: string): string | undefined {
  return env[name] || env[`REDIRECT_${name}`] || undefined;
}

/** The file that is read, if there is one; and the first that could be. */
export function settingsFile({ env, scriptDir, siteFile = '/etc/offload.conf' }: SettingsSource): { path: string | undefined; first: string } {
  const first = `${scriptDir}/offload.conf`; // path.join costs 0.1 ms when it is first called
  return { path: variable(env, 'OFFLOAD_CONF') ?? [first, siteFile].find((path) => existsSync(path)), first };
}
