import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { offloadCgi } from '../support/build.js';
import { atEnd, type Cleanup } from '../support/place.js';
import { startApache } from '../support/servers/apache.js';
import { startServe } from '../support/servers/serve.js';
import { serverDir, type WebServer } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';
import { startTap, type Tap } from './tap.js';

/** A front that runs. */
export interface Running {
  readonly port: number;
  /** Where it sends clients to, if it does. */
  readonly hop?: Tap;
}

/** A server that clients are sent to; all have the same files. */
export interface Front {
  readonly name: string;
  /** Starts it before this base. */
  readonly start: (t: Cleanup, base: WebServer) => Promise<Running>;
  /** In which states of its cache a job is done there. */
  readonly states: readonly ('cold' | 'warm')[];
}

/** The files themselves: what a client does here, it must do everywhere. */
export const PLAIN: Front = { name: 'plain Apache', states: [], start: (_, base) => Promise.resolve(base) };

const cgi: Front = {
  name: 'offload.cgi under Apache',
  states: ['cold', 'warm'],
  start: async (t, base) => {
    const setup = SETUPS.find(({ name }) => name === 'Apache mod_cgid, ScriptAlias');
    if (setup === undefined) throw new Error('test/support/servers/setups.ts no longer has Apache with mod_cgid and ScriptAlias');
    const dir = serverDir(t);
    const server = await setup.start(t, await offloadCgi(), { OFFLOAD_BASE: base.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_TIMEOUT: '10s' }, dir);
    mustStayQuiet(t, server);
    return server;
  },
};

const serve: Front = {
  name: 'offload serve',
  states: ['cold', 'warm'],
  start: async (t, base) => {
    const server = await startServe(t, { OFFLOAD_BASE: base.url, OFFLOAD_TIMEOUT: '10s' });
    mustStayQuiet(t, server);
    return server;
  },
};

/** What the whole is for: a client asks the base, and is sent to an offload server, which asks the same base. */
const redirect: Front = {
  name: 'a base that redirects to offload serve',
  states: ['cold'],
  start: async (t, { dir }) => {
    const to: { port?: number } = {};
    const hop = await startTap(t, () => to.port);
    const base = await startBase(t, { filesOf: dir, redirectTo: hop.url });
    to.port = (await serve.start(t, base)).port;
    return { port: base.port, hop };
  },
};

export const FRONTS: readonly Front[] = [cgi, serve, redirect];

/** Everyday clients, also those that leave half-way, give an operator nothing to read. */
function mustStayQuiet(t: Cleanup, server: WebServer): void {
  atEnd(t, () => {
    const lines = server.errorLog().split('\n').filter((line) => /offload\[\d+\]:/.test(line));
    assert.deepEqual(lines, []);
  });
}

// What a body is slowed down to on its way to an offload server, in KiB a second: clients come while it grows.
const SLOW = 12_288;

interface BaseOptions {
  /** Another base's directory; default: its own. */
  readonly filesOf?: string;
  /** An offload server's URL: every GET of a file is sent there, except an offload server's own. */
  readonly redirectTo?: string;
}

/** The base: Apache with the files of `htdocs`, and a line in `offload.log` there for each request of an offload server. */
export async function startBase(t: Cleanup, { filesOf, redirectTo }: BaseOptions = {}): Promise<WebServer> {
  return startApache(t, {
    modules: ['autoindex', 'log_config', 'filter', 'ratelimit'],
    config: (own) => {
      const dir = filesOf ?? own;
      return [
        `DocumentRoot ${dir}/htdocs`,
        `<Directory ${dir}/htdocs>`,
        '  Require all granted',
        '  Options Indexes FollowSymLinks',
        '  AllowOverride None',
        '  IndexOptions FancyIndexing VersionSort HTMLTable NameWidth=* DescriptionWidth=* Charset=UTF-8',
        ...(redirectTo === undefined ? [] : redirection(redirectTo)),
        '</Directory>',
        'AllowEncodedSlashes NoDecode',
        'SetEnvIf X-Mod-Offload-Bypass . offload',
        `CustomLog ${dir}/offload.log "%m %>s %U" env=offload`,
        `<If "-n %{HTTP:X-Mod-Offload-Bypass}">`,
        '  SetOutputFilter RATE_LIMIT',
        `  SetEnv rate-limit ${SLOW}`,
        '</If>',
      ].join('\n');
    },
  });
}

function redirection(to: string): string[] {
  return [
    '  RewriteEngine On',
    '  RewriteCond %{HTTP:X-Mod-Offload-Bypass} =""',
    '  RewriteCond %{REQUEST_FILENAME} -f',
    '  RewriteCond %{THE_REQUEST} "^GET (/[^ ?]*) HTTP/"',
    `  RewriteRule ^ ${to}%1 [R=307,NE,L]`,
  ];
}
