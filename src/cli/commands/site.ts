import { KEYS } from '../../settings/table.js';
import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const SITE_SERVERS = ['apache', 'htaccess', 'lighttpd', 'nginx'] as const;
/** Before `offload serve`. */
export const SITE_PROXIES = ['apache', 'nginx'] as const;

export const SITE: Command = {
  name: 'site',
  summary: "write the offload side's configuration of a web server",
  usage: '--server NAME [--proxy] [FLAG...]',
  about: [
    "Writes the offload side's configuration of a web server to standard output.",
    'Without OffloadHandoff the way that suits the server is written.',
  ],
  operands: false,
  flags: [
    { name: 'server', value: 'NAME', choices: SITE_SERVERS, meaning: 'the web server (htaccess: shared hosting)' },
    { name: 'proxy', meaning: `a reverse proxy before \`offload serve\` (${SITE_PROXIES.join(', ')})` },
    { name: 'name', value: 'HOST', meaning: 'its host name; not given: every name' },
    { name: 'port', value: 'N', default: '80', meaning: 'where it listens; apache, nginx' },
    { name: 'script', value: 'FILE', default: '/usr/lib/cgi-bin/offload.cgi', meaning: 'offload.cgi on this machine' },
    { name: 'script-url', value: 'PATH', default: '/cgi-bin/offload.cgi', meaning: 'its URL; htaccess' },
    { name: 'socket', value: 'FILE', default: '/run/fcgiwrap.socket', meaning: 'where fcgiwrap listens; nginx' },
  ],
  settings: KEYS,
  exits: [[0, 'the configuration is written'], REFUSED],
  examples: [
    { call: 'offload site --server nginx --base https://www.example.org --name offload.example.org > offload.conf', does: 'for nginx and fcgiwrap' },
    { call: 'offload site --server apache --proxy --listen unix:/run/offload.sock', does: 'for Apache before `offload serve`' },
  ],
  load: async () => (await import('../../site/command.js')).siteCommand,
};
