import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../place.js';
import { startApache } from './apache.js';
import { startBusybox } from './busybox.js';
import { startLighttpd } from './lighttpd.js';
import { startFcgiwrap, startNginx } from './nginx.js';
import { handOver, serverDir, type Package, type WebServer } from './server.js';

/** OFFLOAD_* variables. */
export type Environment = Readonly<Record<string, string>>;

/** One way to run the script under a web server. */
export interface Setup {
  readonly name: string;
  readonly packages: readonly Package[];
  /** What a client's URLs begin with, before the base's own path. */
  readonly prefix: string;
  /** False where the server drops a script's Content-Length: then a 200 is chunked, and HEAD has none. */
  readonly keepsLength: boolean;
  /** A body that breaks off would look whole, did the script not prevent it; default: if the length isn't kept. */
  readonly hidesCuts?: boolean;
  /** False where the server decodes REQUEST_URI before the script sees it. */
  readonly rawUri: boolean;
  /** False where the server keeps the client's Range for itself, and a range gets the whole file. */
  readonly passesRange: boolean;
  /** True where a URL may only have ASCII (as RFC 3986 says): Node's parser of requests takes no other bytes. */
  readonly asciiOnly?: boolean;
  /** At most so many bytes of a body on its way stay in the server until more come; default: none. */
  readonly holdsBack?: number;
  /** Where the cache is in the server's directory; default: `cache`. */
  readonly cache?: string;
  /** Starts it with this script (a file) and these settings; `dir` is fresh. */
  start(t: Cleanup, script: string, settings: Environment, dir?: string): Promise<WebServer>;
}

const TRUST = 'SetEnv ap_trust_cgilike_cl 1';

/** Copies the script into the server's directory, with this Node in its first line: servers may have another PATH, or none. */
export function install(script: string, dir: string, name = 'offload.cgi', below = 'cgi-bin'): string {
  const path = join(dir, below, name);
  mkdirSync(join(dir, below), { recursive: true });
  writeFileSync(path, readFileSync(script, 'utf8').replace(/^#!.*\n/, `#!${process.execPath}\n`));
  chmodSync(path, 0o755);
  handOver(path, join(dir, below));
  return path;
}

function setEnv(settings: Environment): string[] {
  return Object.entries(settings).map(([name, value]) => `SetEnv ${name} "${value}"`);
}

const camel = (name: string): string => name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The same settings as a configuration file has them: OFFLOAD_CACHE_DIR /x becomes OffloadCacheDir /x. */
function confFile(settings: Environment): string {
  return Object.entries(settings)
    .map(([name, value]) => `${camel(name)} ${value}\n`)
    .join('');
}

function scriptAlias(name: string, mpm: 'event' | 'prefork', { trust = true, nph = false } = {}): Setup {
  return {
    name,
    packages: ['apache2'],
    prefix: '',
    keepsLength: trust || nph,
    rawUri: true,
    passesRange: true,
    start: async (t, script, settings, dir = serverDir(t)) => {
      const path = install(script, dir, nph ? 'nph-offload.cgi' : 'offload.cgi');
      // Without a trusted length a broken body is shown by silence until Apache's Timeout.
      const lines = [`ScriptAlias / ${path}/`, trust ? TRUST : 'Timeout 5', ...setEnv(settings)];
      return startApache(t, { mpm, dir, config: () => lines.join('\n') });
    },
  };
}

/** Apache where the user has nothing but a document root and a cgi-bin; settings from where such a user can put them. */
function htaccess(name: string, directive: string, from: 'offload.conf' | 'cgi-bin/.htaccess', file = 'offload.cgi'): Setup {
  return {
    name,
    packages: ['apache2'],
    prefix: '',
    keepsLength: true,
    hidesCuts: file.startsWith('nph-'),
    rawUri: true,
    passesRange: true,
    start: async (t, script, settings, dir = serverDir(t)) => {
      install(script, dir, file);
      mkdirSync(join(dir, 'htdocs'), { recursive: true });
      writeFileSync(join(dir, 'htdocs/.htaccess'), `${directive}\n`);
      const nph = file.startsWith('nph-');
      writeFileSync(join(dir, 'cgi-bin/.htaccess'), [nph ? '' : TRUST, ...(from === 'offload.conf' ? [] : setEnv(settings)), ''].join('\n'));
      if (from === 'offload.conf') writeFileSync(join(dir, 'cgi-bin/offload.conf'), confFile(settings));
      return startApache(t, { dir, config: () => `ScriptAlias /cgi-bin/ ${dir}/cgi-bin/\n${nph ? 'Timeout 5' : ''}` });
    },
  };
}

const lighttpd: Setup = {
  name: 'lighttpd, alias.url and cgi.assign',
  packages: ['lighttpd'],
  prefix: '',
  keepsLength: true,
  rawUri: true,
  passesRange: true,
  start: async (t, script, settings, dir = serverDir(t)) => {
    const path = install(script, dir);
    const env = Object.entries(settings).map(([name, value]) => `"${name}" => "${value}"`);
    const lines = [
      'server.stream-response-body = 1',
      `alias.url = ("/" => "${path}/")`,
      'cgi.assign = ("offload.cgi" => "")',
      `setenv.set-environment = (${env.join(', ')})`,
    ];
    return startLighttpd(t, { dir, config: () => lines.join('\n') });
  },
};

// As in Debian's fastcgi_params, without what only PHP reads.
const FASTCGI_PARAMS = [
  'QUERY_STRING $query_string',
  'REQUEST_METHOD $request_method',
  'CONTENT_TYPE $content_type',
  'CONTENT_LENGTH $content_length',
  'REQUEST_URI $request_uri',
  'DOCUMENT_ROOT $document_root',
  'SERVER_PROTOCOL $server_protocol',
  'GATEWAY_INTERFACE CGI/1.1',
  'SERVER_SOFTWARE nginx/$nginx_version',
  'REMOTE_ADDR $remote_addr',
  'REMOTE_PORT $remote_port',
  'SERVER_ADDR $server_addr',
  'SERVER_PORT $server_port',
  'SERVER_NAME $server_name',
  // Without it fcgiwrap keeps up to 8 KB back until more comes.
  'NO_BUFFERING 1',
];

const nginx: Setup = {
  name: 'nginx with fcgiwrap',
  packages: ['nginx', 'fcgiwrap'],
  prefix: '',
  keepsLength: true,
  rawUri: true,
  passesRange: true,
  start: async (t, script, settings, dir = serverDir(t)) => {
    const path = install(script, dir);
    const wrapper = await startFcgiwrap(t, dir);
    const params = [...FASTCGI_PARAMS, `SCRIPT_FILENAME ${path}`, ...Object.entries(settings).map(([name, value]) => `${name} "${value}"`)];
    const lines = ['location / {', `  fastcgi_pass unix:${wrapper.socket};`, '  fastcgi_buffering off;', ...params.map((line) => `  fastcgi_param ${line};`), '}'];
    const server = await startNginx(t, { dir, config: () => lines.join('\n') });
    return {
      ...server,
      stop: async () => {
        await server.stop();
        await wrapper.stop();
      },
    };
  },
};

const busybox: Setup = {
  name: 'busybox httpd',
  packages: ['busybox'],
  prefix: '/cgi-bin/offload.cgi',
  keepsLength: true,
  rawUri: false,
  passesRange: false,
  start: async (t, script, settings, dir = serverDir(t)) => {
    install(script, dir, 'offload.cgi', 'htdocs/cgi-bin');
    return startBusybox(t, { dir, env: settings });
  },
};

/** Every documented way to run the script under a web server. */
export const SETUPS: readonly Setup[] = [
  scriptAlias('Apache mod_cgid, ScriptAlias', 'event'),
  scriptAlias('Apache mod_cgi, ScriptAlias', 'prefork'),
  scriptAlias('Apache mod_cgid, ScriptAlias, Content-Length not trusted', 'event', { trust: false }),
  scriptAlias('Apache mod_cgi, ScriptAlias, Content-Length not trusted', 'prefork', { trust: false }),
  scriptAlias('Apache mod_cgid, nph-offload.cgi', 'event', { trust: false, nph: true }),
  scriptAlias('Apache mod_cgi, nph-offload.cgi', 'prefork', { trust: false, nph: true }),
  htaccess('Apache .htaccess, RewriteRule', 'RewriteEngine On\nRewriteRule ^ /cgi-bin/offload.cgi [L]', 'cgi-bin/.htaccess'),
  htaccess('Apache .htaccess, FallbackResource', 'FallbackResource /cgi-bin/offload.cgi', 'offload.conf'),
  htaccess('Apache .htaccess, ErrorDocument 404', 'ErrorDocument 404 /cgi-bin/offload.cgi', 'cgi-bin/.htaccess'),
  htaccess('Apache .htaccess, RewriteRule, nph-offload.cgi', 'RewriteEngine On\nRewriteRule ^ /cgi-bin/nph-offload.cgi [L]', 'cgi-bin/.htaccess', 'nph-offload.cgi'),
  lighttpd,
  nginx,
  busybox,
];
