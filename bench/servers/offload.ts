import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { siteText } from '../../test/site/sites.js';
import { offloadCgi, offloadCommand } from '../../test/support/build.js';
import type { Cleanup } from '../../test/support/place.js';
import { processesOf } from '../../test/support/processes.js';
import { startFcgiwrap } from '../../test/support/servers/nginx.js';
import { type Command, handOver, lacking, launch, type Package, program, serverDir } from '../../test/support/servers/server.js';
import type { BaseServer, Contender, Front, StartOptions } from './contender.js';
import { writeConfig } from './template.js';

type Settings = Readonly<Record<string, string>>;

const EVERY_TIME = 'every time';
const NO_HANDOFF: Settings = { OFFLOAD_HANDOFF: 'none' };
/** In the text of `offload site`, until a free port is known. */
const SOME_PORT = 54_321;
/** Each streams one download. */
const FCGIWRAP_PROCESSES = 64;

function settingsFor(dir: string, base: BaseServer, own: Settings): Settings {
  return { OFFLOAD_BASE: `http://127.0.0.1:${base.port}`, OFFLOAD_CACHE_DIR: join(dir, 'cache'), ...own };
}

/** A CGI script in the server's directory, with this Node in its first line. */
function install(dir: string, text: string, file = 'offload.cgi'): string {
  const path = join(dir, 'cgi-bin', file);
  mkdirSync(join(dir, 'cgi-bin'), { recursive: true });
  writeFileSync(path, `#!${process.execPath}\n${text}`);
  chmodSync(path, 0o755);
  handOver(path, join(dir, 'cgi-bin'));
  return path;
}

async function bundle(): Promise<string> {
  return readFileSync(await offloadCgi(), 'utf8').replace(/^#!.*\n/, '');
}

/** A web server with a configuration of bench/offload, and in it what `offload site` writes. */
interface Shell {
  readonly config: string;
  readonly file: string;
  command(file: string, dir: string): Command;
}

const APACHE: Shell = {
  config: 'offload/apache.conf',
  file: 'httpd.conf',
  command: (file) => [program('apache2'), '-D', 'FOREGROUND', '-f', file],
};
const LIGHTTPD: Shell = {
  config: 'offload/lighttpd.conf',
  file: 'lighttpd.conf',
  command: (file) => [program('lighttpd'), '-D', '-f', file],
};
const NGINX: Shell = {
  config: 'offload/nginx.conf',
  file: 'nginx.conf',
  command: (file, dir) => [program('nginx'), '-e', join(dir, 'error.log'), '-c', file],
};

async function start(t: Cleanup, dir: string, shell: Shell, site: string, { mpm }: StartOptions): Promise<Front> {
  const { port, pid } = await launch(t, {
    dir,
    command: (free) => {
      const file = join(dir, shell.file);
      writeConfig(shell.config, file, { dir, mpm, port: free, site: site.replaceAll(String(SOME_PORT), String(free)) });
      return shell.command(file, dir);
    },
  });
  return { port, roots: [pid] };
}

interface UnderApache {
  /** OFFLOAD_HANDOFF. */
  readonly handoff: string;
  readonly needs?: readonly Package[];
  readonly asks?: string;
  readonly script?: () => Promise<string>;
  /** Its name: one that begins with nph- writes the response as it goes to the client. */
  readonly file?: string;
}

function apache(name: string, { handoff, needs = [], asks = EVERY_TIME, script = bundle, file }: UnderApache): Contender {
  return {
    name,
    own: script === bundle,
    asks,
    lacks: lacking('apache2', ...needs),
    start: async (t, base, options) => {
      const dir = serverDir(t);
      const path = install(dir, await script(), file);
      const settings = settingsFor(dir, base, { OFFLOAD_HANDOFF: handoff });
      const site = await siteText(settings, '--server', 'apache', '--port', String(SOME_PORT), '--script', path);
      return start(t, dir, APACHE, site, options);
    },
  };
}

const lighttpd: Contender = {
  name: 'offload.cgi, lighttpd, X-Sendfile',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('lighttpd'),
  start: async (t, base, options) => {
    const dir = serverDir(t);
    const flags = ['--server', 'lighttpd', '--script', install(dir, await bundle())];
    return start(t, dir, LIGHTTPD, await siteText(settingsFor(dir, base, {}), ...flags), options);
  },
};

const nginxFcgiwrap: Contender = {
  name: 'offload.cgi, nginx, X-Accel-Redirect',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('nginx', 'fcgiwrap'),
  losesCpu: true,
  start: async (t, base, options) => {
    const dir = serverDir(t);
    const script = install(dir, await bundle());
    const { socket } = await startFcgiwrap(t, dir, FCGIWRAP_PROCESSES);
    const wrapper = processesOf(socket);
    const flags = ['--server', 'nginx', '--script', script, '--socket', socket, '--port', String(SOME_PORT)];
    const front = await start(t, dir, NGINX, await siteText(settingsFor(dir, base, {}), ...flags), options);
    return { ...front, roots: [...front.roots, ...wrapper] };
  },
};

async function startServe(t: Cleanup, dir: string, settings: Settings): Promise<Front> {
  const command = join(dir, 'offload');
  // A copy: the server's user may not be able to look into the project.
  copyFileSync(await offloadCommand(), command);
  const { port, pid } = await launch(t, {
    dir,
    env: settings,
    command: (free) => [process.execPath, command, 'serve', '--listen', `127.0.0.1:${free}`],
  });
  return { port, roots: [pid] };
}

function serve(name: string, own: Settings, asks: string): Contender {
  return {
    name,
    own: true,
    asks,
    lacks: false,
    start: async (t, base) => {
      const dir = serverDir(t);
      return startServe(t, dir, settingsFor(dir, base, { ...NO_HANDOFF, ...own }));
    },
  };
}

const serveBehindNginx: Contender = {
  name: 'offload serve behind nginx, X-Accel-Redirect',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('nginx'),
  start: async (t, base, options) => {
    const dir = serverDir(t);
    const wanted = settingsFor(dir, base, { OFFLOAD_TRUSTED_PROXY: '127.0.0.1', OFFLOAD_HANDOFF: 'x-accel-redirect /.offload' });
    const served = await startServe(t, dir, wanted);
    const flags = ['--server', 'nginx', '--proxy', '--port', String(SOME_PORT), '--listen', `127.0.0.1:${served.port}`];
    const front = await start(t, dir, NGINX, await siteText(wanted, ...flags), options);
    return { ...front, roots: [...front.roots, ...served.roots] };
  },
};

/** The ways to run offload. */
export const OFFLOADS: readonly Contender[] = [
  apache('offload.cgi, Apache, streaming', { handoff: 'none' }),
  apache('offload.cgi as nph-offload.cgi, Apache', { handoff: 'none', file: 'nph-offload.cgi' }),
  apache('offload.cgi, Apache, X-Sendfile', { handoff: 'x-sendfile', needs: ['libapache2-mod-xsendfile'] }),
  apache('offload.cgi, Apache, local redirect', { handoff: 'local-redirect /.offload' }),
  lighttpd,
  nginxFcgiwrap,
  serveBehindNginx,
  serve('offload serve', {}, EVERY_TIME),
  serve('offload serve, 60 s fresh', { OFFLOAD_FRESH: '60s' }, '60 s'),
];

/** What no CGI in JavaScript can go below. */
export const emptyNodeCgi: Contender = apache('an empty Node CGI under Apache', {
  handoff: 'none',
  asks: '–',
  script: async () => Promise.resolve(`require('node:fs').writeSync(1, 'Content-Type: application/octet-stream\\r\\nContent-Length: 0\\r\\n\\r\\n');\n`),
});
