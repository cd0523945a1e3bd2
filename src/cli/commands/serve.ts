import { KEYS } from '../../settings/table.js';
import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const SERVE: Command = {
  name: 'serve',
  summary: 'answer requests without a web server',
  usage: '--base ORIGIN [FLAG...]',
  about: [
    'Answers requests like offload.cgi, in one process and without a web server. SIGTERM ends it when what runs is done; a second one at once.',
  ],
  operands: false,
  flags: [],
  settings: KEYS,
  exits: [[0, 'it was told to end'], [1, "it can't listen, or it failed"], REFUSED],
  examples: [
    { call: 'offload serve --base https://www.example.org --listen :80', does: 'on every address of the machine' },
    { call: 'offload serve --listen unix:/run/offload.sock', does: 'behind a proxy, with the settings of /etc/offload.conf' },
  ],
  load: async () => (await import('../../host/serve/command.js')).serveCommand,
};
