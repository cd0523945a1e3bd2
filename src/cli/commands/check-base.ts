import type { Command } from '../command.js';
import { BASE_SIDE_FLAGS, BASE_SIDE_INPUT, REFUSED } from './base-side.js';

export const CHECK_BASE: Command = {
  name: 'check-base',
  summary: 'ask a base whether it redirects what it should',
  usage: '--big URL [--small URL] [FLAG...] [FILE]',
  about: [
    'Asks a base server whether it redirects what it should, and says what to mend. `offload check --big URL` does the same.',
    BASE_SIDE_INPUT,
  ],
  operands: true,
  flags: [
    { name: 'big', value: 'URL', meaning: 'a plain file of the base, at least OffloadMinSize' },
    { name: 'small', value: 'URL', meaning: 'one that is smaller' },
    { name: 'timeout', value: 'SECONDS', default: '10', meaning: 'for one answer' },
    ...BASE_SIDE_FLAGS,
  ],
  settings: [],
  exits: [[0, 'all is as it should be'], [1, 'something must be mended'], REFUSED],
  examples: [{ call: 'offload check-base --big http://www.example.org/some/big.iso /etc/apache2/mod_offload.conf', does: 'after the rules are installed' }],
  load: async () => (await import('../../rules/check-command.js')).checkBaseCommand,
};
