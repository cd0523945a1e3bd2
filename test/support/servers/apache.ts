import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../place.js';
import { launch, program, serverDir, type WebServer } from './server.js';

const MODULES = '/usr/lib/apache2/modules';
const ALWAYS = ['alias', 'authn_core', 'authz_core', 'authz_host', 'cgi', 'dir', 'env', 'headers', 'mime', 'rewrite', 'setenvif'];

interface ApacheOptions {
  /** `event` runs scripts by mod_cgid, `prefork` by mod_cgi. */
  readonly mpm?: 'event' | 'prefork';
  /** Further modules, without `mod_`. */
  readonly modules?: readonly string[];
  /** Directives of the server, after ours. May write files into the directory. */
  readonly config?: (dir: string, port: number) => string;
  /** Its directory; default: a fresh one. */
  readonly dir?: string;
}

function configuration(dir: string, port: number, { mpm = 'event', modules = [], config }: ApacheOptions): string {
  const load = [`mpm_${mpm}`, ...ALWAYS, ...modules].map((name) => (name === 'cgi' && mpm === 'event' ? 'cgid' : name));
  const workers =
    mpm === 'event'
      ? ['StartServers 1', 'ThreadsPerChild 64', 'MaxRequestWorkers 128', 'MinSpareThreads 1', 'MaxSpareThreads 128']
      : ['StartServers 2', 'MinSpareServers 2', 'MaxSpareServers 20', 'MaxRequestWorkers 128'];
  return [
    `ServerRoot ${dir}`,
    `DefaultRuntimeDir ${dir}`,
    `PidFile ${dir}/apache.pid`,
    `Mutex file:${dir} default`,
    `Listen 127.0.0.1:${port}`,
    'ServerName offload.test',
    ...load.filter((name) => existsSync(`${MODULES}/mod_${name}.so`)).map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    ...workers,
    ...(mpm === 'event' ? [`ScriptSock ${dir}/cgid.sock`] : []),
    `ErrorLog ${dir}/error.log`,
    `DocumentRoot ${dir}/htdocs`,
    'TypesConfig /etc/mime.types',
    `<Directory ${dir}>`,
    '  Require all granted',
    '  AllowOverride All',
    '  Options FollowSymLinks ExecCGI',
    '</Directory>',
    config?.(dir, port) ?? '',
    '',
  ].join('\n');
}

/** Starts Apache with the given directives; a static server of `dir/htdocs` without any. */
export async function startApache(t: Cleanup, options: ApacheOptions = {}): Promise<WebServer> {
  const dir = options.dir ?? serverDir(t);
  mkdirSync(join(dir, 'htdocs'), { recursive: true });
  const file = join(dir, 'httpd.conf');
  return launch(t, {
    dir,
    command: (port) => {
      writeFileSync(file, configuration(dir, port, options));
      return [program('apache2'), '-D', 'FOREGROUND', '-f', file];
    },
  });
}
