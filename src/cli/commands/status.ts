import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const STATUS: Command = {
  name: 'status',
  summary: 'tell requests, hit ratio, traffic spared, running fills, disk',
  usage: '[--last hour|day|month] [--json] [--html FILE]',
  about: [
    'Counts what the access log (OffloadLog) says of the last hour, day and month, and looks at the cache. It remembers what it ' +
      'has read: only the first time takes long. Rotated logs are followed, but for compressed ones that it has not seen before.',
  ],
  operands: false,
  flags: [
    { name: 'last', value: 'hour|day|month', choices: ['hour', 'day', 'month'], meaning: 'only of this time' },
    { name: 'json', meaning: 'everything, for programs' },
    { name: 'html', value: 'FILE', meaning: 'write a page with charts instead; - is standard output' },
  ],
  settings: ['base', 'cacheDir', 'cacheSize', 'keepFree', 'log'],
  exits: [[0, 'told'], [1, 'it failed'], REFUSED],
  examples: [
    { call: 'offload status', does: 'with the settings of /etc/offload.conf' },
    { call: 'offload status --html /var/www/html/offload.html', does: 'from cron, every five minutes' },
    { call: 'offload status --last day --json', does: 'for a program' },
  ],
  load: async () => (await import('../../status/command.js')).statusCommand,
};
