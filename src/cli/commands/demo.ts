import { KEYS } from '../../settings/table.js';
import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const DEMO: Command = {
  name: 'demo',
  summary: 'try it: an embedded base and an offload server before it',
  usage: '[--base ORIGIN] [FLAG...]',
  about: [
    'An offload server on a free port of this machine, before your base or, without --base, before an embedded one with a ' +
      'few files. Its cache is a temporary directory. Ctrl-C ends it.',
  ],
  operands: false,
  flags: [],
  settings: KEYS,
  exits: [[0, 'it was told to end'], REFUSED],
  examples: [{ call: 'offload demo --base https://www.example.org', does: 'before your own base' }],
  load: async () => (await import('../../demo/demo.js')).demoCommand,
};
