import type { Command } from '../command.js';
import { BASE_SIDE_FLAGS, BASE_SIDE_INPUT, REFUSED } from './base-side.js';

export const HOSTS: Command = {
  name: 'hosts',
  summary: 'watch the offload hosts; a dead one gets no more redirects',
  usage: '--map FILE [--watch] [FLAG...] [FILE]',
  about: [
    "Asks each offload host whether it lives, and keeps the map that Apache's rules ask. Without --watch it asks once and " +
      'leaves (for cron), and remembers in FILE.health what it has seen.',
    BASE_SIDE_INPUT,
  ],
  operands: true,
  flags: [
    { name: 'map', value: 'FILE', meaning: 'the RewriteMap; replaced by rename when a host dies or returns' },
    { name: 'watch', meaning: 'go on until SIGTERM or SIGINT' },
    { name: 'interval', value: 'SECONDS', default: '10', meaning: 'between two rounds of --watch' },
    { name: 'timeout', value: 'SECONDS', default: '3', meaning: 'for one answer' },
    { name: 'probe', value: 'PATH', many: true, meaning: 'a file of the base that a healthy host can send; repeat for more' },
    { name: 'down', value: 'N', default: '3', meaning: 'failures in a row until a host counts as dead' },
    { name: 'up', value: 'N', default: '2', meaning: 'answers in a row until it counts as alive again' },
    ...BASE_SIDE_FLAGS,
  ],
  settings: [],
  exits: [[0, 'a host lives; with --watch: it was told to end'], [1, 'no host lives'], REFUSED],
  examples: [
    { call: 'offload hosts --map /var/lib/offload/hosts.map --watch /etc/offload.conf', does: 'as a service' },
    { call: 'offload hosts --map /var/lib/offload/hosts.map --probe /pub/known.iso /etc/offload.conf', does: 'from cron; the file shows that a host reaches the base, too' },
  ],
  load: async () => (await import('../../rules/hosts-command.js')).hostsCommand,
};
