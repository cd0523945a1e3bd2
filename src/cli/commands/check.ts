import { KEYS } from '../../settings/table.js';
import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const CHECK: Command = {
  name: 'check',
  summary: 'look at all that the offload side needs, and say what to mend',
  usage: '[--url PATH] [--site URL] [FLAG...]',
  about: [
    'Looks at the settings (which from where), Node, the cache directory, the base, and with --site at the web server. Each ' +
      'line is ok, a warning or an error, with the remedy. Run it as the user who runs offload.cgi: sudo -u www-data offload check.',
    'With --big URL it is `offload check-base`.',
  ],
  operands: false,
  flags: [
    { name: 'url', value: 'PATH', meaning: 'a file that the base has; is it cacheable, does it come?' },
    { name: 'site', value: 'URL', meaning: 'the offload server as clients reach it, like http://offload.example.org; a path before the base\'s own may follow' },
    { name: 'script', value: 'FILE', meaning: 'offload.cgi on this machine: may it be run; offload.conf beside it is read' },
    { name: 'wait', value: 'SECONDS', default: '5', meaning: 'longest time for one step on the network' },
    { name: 'strict', meaning: 'exit with 1 for warnings, too' },
    { name: 'json', meaning: 'write one JSON object for programs: errors, warnings, findings' },
  ],
  settings: KEYS,
  exits: [[0, 'no error'], [1, 'an error, or with --strict a warning'], REFUSED],
  examples: [
    { call: 'offload check --url /pub/some.iso --site http://offload.example.org', does: 'after setting it up' },
    { call: 'offload check --json | jq -r \'.findings[] | select(.level == "error") | .what\'', does: 'for monitoring' },
  ],
  load: async () => (await import('../../doctor/command.js')).checkCommand,
};
