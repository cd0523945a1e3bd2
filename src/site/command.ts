import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { canBeNamed } from '../host/handoff.js';
import { flagOptions, flagsHelp } from '../settings/help.js';
import { explainSettings, loadSettings, type SettingsSource } from '../settings/load.js';
import { KEYS, TABLE } from '../settings/table.js';
import { VERSION } from '../version.js';
import { apache } from './apache.js';
import { apacheProxy } from './apache-proxy.js';
import { htaccess } from './htaccess.js';
import { lighttpd } from './lighttpd.js';
import { nginx, nginxProxy } from './nginx.js';
import { comment, type Flavour, type Given, handoffText, plainPath, type Site, SiteProblem } from './site.js';

const FLAVOURS: { readonly [server: string]: Flavour } = { apache, htaccess, lighttpd, nginx };
/** Before `offload serve`, with `--proxy`. */
const PROXIES: { readonly [server: string]: Flavour } = { apache: apacheProxy, nginx: nginxProxy };

const HELP = `Usage: offload site --server NAME [--proxy] [FLAG...]

Writes the offload side's configuration of a web server to standard output.

  --server NAME       ${Object.keys(FLAVOURS).join(', ')} (shared hosting: htaccess)
  --proxy             a reverse proxy before \`offload serve\` (${Object.keys(PROXIES).join(', ')})
  --name HOST         its host name (default: every name)
  --port N            where it listens (default: 80; apache, nginx)
  --script FILE       offload.cgi on this machine (default: /usr/lib/cgi-bin/offload.cgi)
  --script-url PATH   its URL (default: /cgi-bin/offload.cgi; htaccess)
  --socket PATH       where fcgiwrap listens (default: /run/fcgiwrap.socket; nginx)

Settings, also from the environment and offload.conf. Without OffloadHandoff the way that
suits the server is written.

`;

const OPTIONS = {
  server: { type: 'string' },
  proxy: { type: 'boolean' },
  name: { type: 'string' },
  port: { type: 'string', default: '80' },
  script: { type: 'string', default: '/usr/lib/cgi-bin/offload.cgi' },
  'script-url': { type: 'string', default: '/cgi-bin/offload.cgi' },
  socket: { type: 'string', default: '/run/fcgiwrap.socket' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `offload site`. @throws errors with a text for people: bad flags and settings, what a server can't be told */
export function siteCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { ...flagOptions(), ...OPTIONS } });
  if (values['help'] === true) process.stdout.write(HELP + flagsHelp());
  else {
    const source = { flags: values, env: process.env, scriptDir: dirname(process.argv[1] ?? '.') };
    process.stdout.write(siteText(values, source));
  }
  return Promise.resolve(0);
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function siteText(values: Values, source: SettingsSource): string {
  const server = word(values, 'server');
  const proxy = values['proxy'] === true;
  const flavours = proxy ? PROXIES : FLAVOURS;
  const flavour = server !== undefined && Object.hasOwn(flavours, server) ? flavours[server] : undefined;
  if (flavour === undefined) {
    const names = Object.keys(flavours).join(', ');
    throw new SiteProblem(`--server ${server ?? ''}${proxy ? ' --proxy' : ''}: ${server === undefined ? 'not given' : 'unknown'}; use one of ${names}`);
  }
  const site = siteOf(values, source, flavour);
  const call = `offload site --server ${server ?? ''}${proxy ? ' --proxy' : ''}`;
  const { about, install, lines } = flavour.write(site);
  return [...preamble(site, call, about, install), '', ...lines, ''].join('\n');
}

function siteOf(values: Values, source: SettingsSource, { usual, ways }: Flavour): Site {
  const settings = loadSettings(source);
  const explained = explainSettings(source).settings;
  const given: Given[] = [];
  for (const [at, { directive, text, from }] of explained.entries()) {
    const key = KEYS[at];
    if (key === undefined || key === 'handoff' || text === undefined || from === 'default') continue;
    given.push({ directive, env: TABLE[key].env, text });
  }
  const isSet = explained.some(({ directive, from }) => directive === TABLE.handoff.directive && from !== 'default');
  const handoff = isSet ? settings.handoff : TABLE.handoff.parse(usual);
  if (handoff !== undefined && !ways.includes(handoff.way)) {
    throw new SiteProblem(`OffloadHandoff ${handoff.way}: this server can't do that; use none or ${ways.join(' or ')}`);
  }
  if (handoff !== undefined && !canBeNamed(settings.cacheDir)) {
    throw new SiteProblem(`OffloadCacheDir ${settings.cacheDir}: has a character that hand-over can't name; choose another, or OffloadHandoff none`);
  }
  return {
    name: nameOf(word(values, 'name')),
    port: portOf(word(values, 'port') ?? '80'),
    script: plainPath('--script', word(values, 'script')),
    scriptUrl: plainPath('--script-url', word(values, 'script-url')),
    socket: plainPath('--socket', word(values, 'socket')),
    settings,
    handoff,
    given,
  };
}

function word(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** It is written without quotes. */
function nameOf(name: string | undefined): string | undefined {
  if (name === undefined || /^[\w.-]+$/.test(name)) return name;
  throw new SiteProblem(`--name ${JSON.stringify(name)}: not a host name; write one like offload.example.org`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new SiteProblem(`--port ${text}: not a port; write one like 80`);
}

/** What a configuration begins with: what it is, from what, how to install it and how to see that it works. */
function preamble(site: Site, call: string, about: string, install: readonly string[]): string[] {
  const host = `${site.name ?? 'HOST'}${site.port === 80 ? '' : `:${site.port}`}`;
  const [first = '', ...more] = install;
  return [
    `Made by offload ${VERSION}: ${call}`,
    `The offload side: ${about}.`,
    '',
    'Settings that are not the defaults:',
    ...site.given.map(({ directive, text }) => `    ${directive} ${text}`),
    `    OffloadHandoff ${handoffText(site)}`,
    '',
    `Install: ${first}`,
    ...more,
    '',
    'Test, twice, with a file that the base has:',
    `    curl -s -o /dev/null -D - http://${host}/PATH`,
    'Both answers are 200 with a Content-Length; the second one says "Cache-Status: offload; hit".',
  ].map(comment);
}
