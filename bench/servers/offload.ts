import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TABLE } from '../../src/settings/table.js';
import { offloadCgi, offloadCommand } from '../../test/support/build.js';
import type { Cleanup } from '../../test/support/place.js';
import { handOver, lacking, launch, type Package, program, serverDir } from '../../test/support/servers/server.js';
import type { BaseServer, Contender, Front } from './contender.js';
import { writeConfig } from './template.js';

type Settings = Readonly<Record<string, string>>;

/** Hand-over is a setting since issue 4. */
const HANDS_OVER = Object.hasOwn(TABLE, 'handoff') ? false : 'this offload has no OffloadHandoff';

const EVERY_TIME = 'every time';
const FRESH: Settings = { OFFLOAD_FRESH: '60s' };

function settings(dir: string, base: BaseServer, own: Settings): Settings {
  return { OFFLOAD_BASE: `http://127.0.0.1:${base.port}`, OFFLOAD_CACHE_DIR: join(dir, 'cache'), ...own };
}

/** A CGI script in the server's directory, with this Node in its first line. */
function install(dir: string, text: string): string {
  const path = join(dir, 'cgi-bin/offload.cgi');
  mkdirSync(join(dir, 'cgi-bin'), { recursive: true });
  writeFileSync(path, `#!${process.execPath}\n${text}`);
  chmodSync(path, 0o755);
  handOver(path, join(dir, 'cgi-bin'));
  return path;
}

async function bundle(): Promise<string> {
  return readFileSync(await offloadCgi(), 'utf8').replace(/^#!.*\n/, '');
}

interface UnderApache {
  readonly handoff?: string;
  readonly settings?: Settings;
  /** Directives. */
  readonly config?: (dir: string) => string;
  readonly needs?: readonly Package[];
  readonly asks?: string;
  readonly script?: () => Promise<string>;
}

function apache(name: string, { handoff, settings: own = {}, config, needs = [], asks = EVERY_TIME, script = bundle }: UnderApache): Contender {
  return {
    name,
    own: script === bundle,
    asks,
    lacks: lacking('apache2', ...needs) || (handoff === undefined ? false : HANDS_OVER),
    start: async (t, base, { mpm }) => {
      const dir = serverDir(t);
      const path = install(dir, await script());
      const env = settings(dir, base, { ...own, ...(handoff === undefined ? {} : { OFFLOAD_HANDOFF: handoff }) });
      const lines = Object.entries(env).map(([variable, value]) => `SetEnv ${variable} "${value}"`);
      const { port, pid } = await launch(t, {
        dir,
        command: (free) => {
          const file = join(dir, 'httpd.conf');
          const values = { dir, port: free, mpm, script: path, handoff: config?.(dir) ?? '', settings: lines.join('\n') };
          writeConfig('offload/apache.conf', file, values);
          return [program('apache2'), '-D', 'FOREGROUND', '-f', file];
        },
      });
      return { port, roots: [pid] };
    },
  };
}

const XSENDFILE = (dir: string) =>
  ['LoadModule xsendfile_module /usr/lib/apache2/modules/mod_xsendfile.so', 'XSendFile On', `XSendFilePath ${dir}/cache`].join('\n');
const LOCAL_REDIRECT = (dir: string) => `Alias /.offload/ ${dir}/cache/`;

const lighttpd: Contender = {
  name: 'offload.cgi, lighttpd, X-Sendfile',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('lighttpd') || HANDS_OVER,
  start: async (t, base) => {
    const dir = serverDir(t);
    const script = install(dir, await bundle());
    const env = Object.entries(settings(dir, base, { OFFLOAD_HANDOFF: 'x-sendfile' })).map(([name, value]) => `"${name}" => "${value}"`);
    const { port, pid } = await launch(t, {
      dir,
      command: (free) => {
        const file = join(dir, 'lighttpd.conf');
        writeConfig('offload/lighttpd.conf', file, { dir, port: free, script, cache: join(dir, 'cache'), settings: env.join(', ') });
        return [program('lighttpd'), '-D', '-f', file];
      },
    });
    return { port, roots: [pid] };
  },
};

async function startNginx(t: Cleanup, dir: string, config: string, values: Readonly<Record<string, string>>): Promise<Front> {
  const { port, pid } = await launch(t, {
    dir,
    command: (free) => {
      const file = join(dir, 'nginx.conf');
      writeConfig(config, file, { dir, port: free, cache: join(dir, 'cache'), ...values });
      return [program('nginx'), '-e', join(dir, 'error.log'), '-c', file];
    },
  });
  return { port, roots: [pid] };
}

const nginxFcgiwrap: Contender = {
  name: 'offload.cgi, nginx, X-Accel-Redirect',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('nginx', 'fcgiwrap') || HANDS_OVER,
  start: async (t, base) => {
    const dir = serverDir(t);
    const script = install(dir, await bundle());
    const env = settings(dir, base, { OFFLOAD_HANDOFF: 'x-accel-redirect /.offload' });
    const params = Object.entries(env).map(([name, value]) => `      fastcgi_param ${name} "${value}";`);
    const wrapper = await launch(t, {
      dir,
      command: (free) => [program('fcgiwrap'), '-f', '-c', '16', '-s', `tcp:127.0.0.1:${free}`],
    });
    const values = { script, wrapper: `127.0.0.1:${wrapper.port}`, settings: params.join('\n') };
    const front = await startNginx(t, dir, 'offload/nginx-fcgiwrap.conf', values);
    return { ...front, roots: [...front.roots, wrapper.pid] };
  },
};

/** Starts `offload serve`. */
async function startServe(t: Cleanup, dir: string, base: BaseServer, own: Settings): Promise<Front> {
  const command = join(dir, 'offload');
  copyFileSync(await offloadCommand(), command);
  const { port, pid } = await launch(t, {
    dir,
    env: settings(dir, base, own),
    command: (free) => [process.execPath, command, 'serve', '--listen', `127.0.0.1:${free}`],
  });
  return { port, roots: [pid] };
}

function serve(name: string, own: Settings, asks: string): Contender {
  return { name, own: true, asks, lacks: false, start: async (t, base) => startServe(t, serverDir(t), base, own) };
}

const serveBehindNginx: Contender = {
  name: 'offload serve behind nginx, X-Accel-Redirect',
  own: true,
  asks: EVERY_TIME,
  lacks: lacking('nginx') || HANDS_OVER,
  start: async (t, base) => {
    const dir = serverDir(t);
    const served = await startServe(t, dir, base, { OFFLOAD_HANDOFF: 'x-accel-redirect /.offload' });
    const front = await startNginx(t, dir, 'offload/nginx-serve.conf', { upstream: `127.0.0.1:${served.port}` });
    return { ...front, roots: [...front.roots, ...served.roots] };
  },
};

/** The ways to run offload. */
export const OFFLOADS: readonly Contender[] = [
  apache('offload.cgi, Apache, streaming', {}),
  apache('offload.cgi, Apache, X-Sendfile', { handoff: 'x-sendfile', config: XSENDFILE, needs: ['libapache2-mod-xsendfile'] }),
  apache('offload.cgi, Apache, local redirect', { handoff: 'local-redirect /.offload', config: LOCAL_REDIRECT }),
  lighttpd,
  nginxFcgiwrap,
  serveBehindNginx,
  serve('offload serve', {}, EVERY_TIME),
  serve('offload serve, 60 s fresh', FRESH, '60 s'),
];

/** What no CGI in JavaScript can go below. */
export const emptyNodeCgi: Contender = apache('an empty Node CGI under Apache', {
  asks: '–',
  script: async () => Promise.resolve(`require('node:fs').writeSync(1, 'Content-Type: application/octet-stream\\r\\nContent-Length: 0\\r\\n\\r\\n');\n`),
});
