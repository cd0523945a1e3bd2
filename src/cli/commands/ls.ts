import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';
import { PATTERNS } from './cached.js';

export const LS: Command = {
  name: 'ls',
  summary: 'list the files in the cache',
  usage: '[FLAG...] [URL|PATTERN...]',
  about: ['Lists the files of the base that are here whole: size, when they were last used, and when the base last confirmed them.', PATTERNS],
  operands: true,
  flags: [
    { name: 'sort', value: 'ORDER', choices: ['url', 'size', 'used', 'validated'], default: 'url', meaning: 'the largest or the latest first' },
    { name: 'json', meaning: 'an array with an object for each file, also its validators and its SHA-256' },
  ],
  settings: ['base', 'cacheDir'],
  exits: [[0, 'listed, even if there is nothing'], [1, 'the cache could not be read'], REFUSED],
  examples: [
    { call: 'offload ls --sort used | head', does: 'what was used last' },
    { call: "offload ls --json '*.iso' | jq -r '.[].url'", does: 'the URLs of all .iso files' },
  ],
  load: async () => (await import('../../upkeep/ls-command.js')).lsCommand,
};
