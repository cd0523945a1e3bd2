import type { Command } from '../command.js';
import { BASE_SIDE_FLAGS, BASE_SIDE_INPUT, REFUSED } from './base-side.js';

export const RULES_SERVERS = ['apache', 'apache-alias', 'htaccess', 'redirectmatch', 'nginx', 'lighttpd', 'caddy'] as const;

export const RULES: Command = {
  name: 'rules',
  summary: "write the base's configuration: which requests it redirects, and where",
  usage: '[--server NAME] [FLAG...] [FILE]',
  about: [
    "Writes a web server's configuration that redirects clients to offload hosts, from mod_offload's directives, to standard output.",
    BASE_SIDE_INPUT,
  ],
  operands: true,
  flags: [
    { name: 'server', value: 'NAME', choices: RULES_SERVERS, default: 'apache', meaning: 'the base\'s web server' },
    { name: 'directory', value: 'DIR', many: true, meaning: 'apache: files below it may be offloaded; repeat for more (/)' },
    { name: 'map', value: 'FILE', meaning: 'apache, htaccess: hosts from the map that `offload hosts` keeps; made here if missing' },
    { name: 'mark', value: 'DIR', meaning: "marks of big files, where the server can't ask for a size; with --root: makes or refreshes them" },
    { name: 'root', value: 'DIR', meaning: 'the document root, for --mark' },
    { name: 'extensions', value: 'LIST', meaning: 'redirectmatch: files with these extensions (zip,iso,mp4)' },
    { name: 'dynamic', value: 'LIST', meaning: 'apache-alias, redirectmatch, nginx, lighttpd: more extensions of scripts (act,ptype)' },
    ...BASE_SIDE_FLAGS,
  ],
  settings: [],
  exits: [[0, 'the configuration, or the marks, are written'], REFUSED],
  examples: [
    { call: 'offload rules /etc/apache2/mod_offload.conf > /etc/apache2/conf-available/offload.conf', does: 'for Apache, from a file of mod_offload' },
    { call: 'offload rules --server nginx --host offload.example.org --min-size 1M', does: 'for nginx, from flags alone' },
  ],
  load: async () => (await import('../../rules/rules-command.js')).rulesCommand,
};
