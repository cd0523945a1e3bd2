import { resolve } from 'node:path';
import { type Arguments, flag, isSet } from '../cli/arguments.js';
import type { SITE_PROXIES, SITE_SERVERS } from '../cli/commands/site.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { settingsSource } from '../cli/settings.js';
import { canBeNamed } from '../host/handoff.js';
import { explainSettings, loadSettings } from '../settings/load.js';
import { directiveOf, variableOf } from '../settings/names.js';
import type { SettingsSource } from '../settings/source.js';
import { KEYS, TABLE } from '../settings/table.js';
import { VERSION } from '../version.js';
import { apache } from './apache.js';
import { apacheProxy } from './apache-proxy.js';
import { htaccess } from './htaccess.js';
import { lighttpd } from './lighttpd.js';
import { nginx, nginxProxy } from './nginx.js';
import { comment, type Flavour, type Given, handoffText, plainPath, type Site } from './site.js';

const FLAVOURS: { readonly [Server in (typeof SITE_SERVERS)[number]]: Flavour } = { apache, htaccess, lighttpd, nginx };
/** Before `offload serve`, with `--proxy`. */
const PROXIES: { readonly [Server in (typeof SITE_PROXIES)[number]]: Flavour } = { apache: apacheProxy, nginx: nginxProxy };

/** Where a setting came from, if it is a file: `/etc/offload.conf:3`. */
const FILE_AND_LINE = /^(.+?):\d+(?:,|$)/;

/** `offload site`. @throws errors with a text for people: bad settings, what a server can't be told */
export function siteCommand(given: Arguments, io: Io): Promise<number> {
  io.stdout.write(siteText(given, settingsSource(given)));
  return Promise.resolve(EXIT.done);
}

function siteText(given: Arguments, source: SettingsSource): string {
  const server = flag(given, 'server');
  const proxy = isSet(given, 'proxy');
  const flavours: { readonly [server: string]: Flavour } = proxy ? PROXIES : FLAVOURS;
  const flavour = server !== undefined && Object.hasOwn(flavours, server) ? flavours[server] : undefined;
  if (flavour === undefined) {
    const names = Object.keys(flavours).join(', ');
    throw new Problem(`--server ${server ?? ''}${proxy ? ' --proxy' : ''}`, `${server === undefined ? 'not given' : 'unknown'}; use one of ${names}`);
  }
  const site = siteOf(given, source, flavour);
  const call = `offload site --server ${server ?? ''}${proxy ? ' --proxy' : ''}`;
  const { about, install, lines } = flavour.write(site);
  return [...preamble(site, call, about, install), '', ...lines, ''].join('\n');
}

function siteOf(args: Arguments, source: SettingsSource, { usual, ways }: Flavour): Site {
  const settings = loadSettings(source);
  const explained = explainSettings(source).settings;
  const given: Given[] = [];
  const variables = new Map<string, string>();
  for (const [at, { directive, text, from }] of explained.entries()) {
    const key = KEYS[at];
    if (key === undefined || key === 'handoff' || text === undefined || from === 'default') continue;
    given.push({ directive, text });
    const file = FILE_AND_LINE.exec(from)?.[1];
    // What a file says is read there for each request: it can be changed there, and is said once.
    if (file === undefined) variables.set(variableOf(key), text);
    else variables.set('OFFLOAD_CONF', resolve(file));
  }
  const chosen = explained.some(({ directive, from }) => directive === directiveOf('handoff') && from !== 'default');
  const handoff = chosen ? settings.handoff : TABLE.handoff.parse(usual);
  if (handoff !== undefined && !ways.includes(handoff.way)) {
    throw new Problem(`OffloadHandoff ${handoff.way}`, `this server can't do that; use none or ${ways.join(' or ')}`);
  }
  if (handoff !== undefined && !canBeNamed(settings.cacheDir)) {
    throw new Problem(`OffloadCacheDir ${settings.cacheDir}`, "has a character that hand-over can't name; choose another, or OffloadHandoff none");
  }
  return {
    name: nameOf(flag(args, 'name')),
    port: portOf(flag(args, 'port') ?? '80'),
    script: plainPath('--script', flag(args, 'script')),
    scriptUrl: plainPath('--script-url', flag(args, 'script-url')),
    socket: plainPath('--socket', flag(args, 'socket')),
    settings,
    handoff,
    given,
    variables: [...variables].map(([env, text]) => ({ env, text })),
  };
}

/** It is written without quotes. */
function nameOf(name: string | undefined): string | undefined {
  if (name === undefined || /^[\w.-]+$/.test(name)) return name;
  throw new Problem(`--name ${JSON.stringify(name)}`, 'not a host name; write one like offload.example.org');
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new Problem(`--port ${text}`, 'not a port; write one like 80');
}

/** What a configuration begins with: what it is, from what, how to install it and how to see that it works. */
function preamble(site: Site, call: string, about: string, install: readonly string[]): string[] {
  const host = `${site.name ?? 'HOST'}${site.port === 80 ? '' : `:${site.port}`}`;
  const [first = '', ...more] = install;
  const file = site.variables.find(({ env }) => env === 'OFFLOAD_CONF')?.text;
  return [
    `Made by offload ${VERSION}: ${call}`,
    `The offload side: ${about}.`,
    '',
    'Settings that are not the defaults:',
    ...site.given.map(({ directive, text }) => `    ${directive} ${text}`),
    `    OffloadHandoff ${handoffText(site)}`,
    ...(file === undefined ? [] : [`Those of ${file} are read there: change them there. Only a new OffloadCacheDir or OffloadHandoff`, 'needs this configuration to be written again.']),
    '',
    `Install: ${first}`,
    ...more,
    '',
    'Test, twice, with a file that the base has:',
    `    curl -s -o /dev/null -D - http://${host}/PATH`,
    'Both answers are 200 with a Content-Length; the second one says "Cache-Status: offload; hit".',
  ].map(comment);
}
