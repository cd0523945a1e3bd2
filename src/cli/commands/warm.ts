import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const WARM: Command = {
  name: 'warm',
  summary: 'fill the cache ahead of the crowd',
  usage: '[FLAG...] URL...|-',
  about: [
    'Pulls each file from the base, unless it is here already, just as a request would: who asks for it meanwhile follows. "-" reads URLs from standard input, one a line. Interrupted, what came is kept and continued.',
    'Run it as the user who owns the cache: the web server, mostly.',
  ],
  operands: true,
  flags: [
    { name: 'jobs', value: 'N', default: '4', meaning: 'files at once' },
    { name: 'rate', value: 'BYTES', meaning: 'a second, all files together, like 5M; without it, as fast as they come' },
  ],
  settings: ['base', 'baseAddress', 'cacheDir', 'cacheSize', 'keepFree', 'timeout', 'debug'],
  exits: [[0, 'all files are here'], [1, 'some could not be filled: standard error says which and why'], REFUSED],
  examples: [
    { call: 'offload warm /pub/release.iso /pub/release.iso.sig', does: 'before the announcement' },
    { call: 'offload warm --rate 10M - < urls.txt', does: 'a list, without filling the line' },
  ],
  load: async () => (await import('../../upkeep/warm-command.js')).warmCommand,
};
