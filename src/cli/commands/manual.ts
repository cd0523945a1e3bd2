import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const PAGES = ['offload.1', 'offload.conf.5'] as const;

export const MANUAL: Command = {
  name: 'manual',
  summary: 'write the manual page',
  usage: `[${PAGES.join('|')}]`,
  about: ['Writes a page of the manual for man(1) to standard output: the command, or offload.conf, which is all settings.'],
  operands: true,
  offers: PAGES,
  flags: [],
  settings: [],
  exits: [[0, 'it is written'], REFUSED],
  examples: [
    { call: 'offload manual | man -l -', does: 'read it' },
    { call: 'offload manual offload.conf.5 > /usr/local/share/man/man5/offload.conf.5', does: 'install it' },
  ],
  load: async () => (await import('../manual-command.js')).manualCommand,
};
