import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';
import { PATTERNS } from './cached.js';

export const PURGE: Command = {
  name: 'purge',
  summary: 'remove files from the cache',
  usage: '[--dry-run] [FLAG...] URL|PATTERN...',
  about: [
    'Removes all that the cache has of these URLs, and writes each of them. Downloads that run go on. The next request pulls the file anew.',
    PATTERNS,
  ],
  operands: true,
  flags: [{ name: 'dry-run', meaning: 'only say what would be removed' }],
  settings: ['base', 'cacheDir'],
  exits: [[0, 'removed'], [1, 'nothing of it is in the cache, or it could not be removed'], REFUSED],
  examples: [
    { call: 'offload purge /pub/file.zip', does: 'one file' },
    { call: "offload purge --dry-run '/nightly/*'", does: 'what would go' },
  ],
  load: async () => (await import('../../upkeep/purge-command.js')).purgeCommand,
};
