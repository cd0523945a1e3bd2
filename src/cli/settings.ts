import { dirname } from 'node:path';
import { flagsFrom } from '../settings/flags.js';
import { loadSettings } from '../settings/load.js';
import type { SettingsSource } from '../settings/source.js';
import type { Settings } from '../settings/settings.js';
import type { Arguments } from './arguments.js';

/** Where a command's settings come from: its flags, the environment, offload.conf beside the command or in /etc. */
export function settingsSource({ flags }: Arguments): SettingsSource {
  return { flag: flagsFrom(flags), env: process.env, scriptDir: dirname(process.argv[1] ?? '.') };
}

/** @throws SettingsError with every problem */
export function settingsOf(given: Arguments): Settings {
  return loadSettings(settingsSource(given));
}
