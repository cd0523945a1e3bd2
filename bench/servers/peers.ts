import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { handOver, lacking, launch, program, serverDir } from '../../test/support/servers/server.js';
import type { BaseServer, Contender } from './contender.js';
import { writeConfig } from './template.js';

const VARNISHD = '/usr/sbin/varnishd';

function addresses(base: BaseServer): Record<string, string | number> {
  return { base: `127.0.0.1:${base.port}`, host: '127.0.0.1', basePort: base.port };
}

function nginx(kind: 'revalidate' | 'fresh', name: string, asks: string): Contender {
  return {
    name,
    own: false,
    asks,
    lacks: lacking('nginx'),
    start: async (t, base) => {
      const dir = serverDir(t);
      const config = join(dir, 'nginx.conf');
      const { port, pid } = await launch(t, {
        dir,
        command: (free) => {
          writeConfig(`peers/nginx-${kind}.conf`, config, { dir, port: free, ...addresses(base) });
          return [program('nginx'), '-e', join(dir, 'error.log'), '-c', config];
        },
      });
      return { port, roots: [pid] };
    },
  };
}

const modCacheDisk: Contender = {
  name: 'Apache mod_cache_disk, 60 s fresh',
  own: false,
  asks: '60 s',
  lacks: lacking('apache2'),
  start: async (t, base) => {
    const dir = serverDir(t);
    const config = join(dir, 'httpd.conf');
    for (const name of ['cache', 'lock', 'htdocs']) mkdirSync(join(dir, name));
    handOver(join(dir, 'cache'), join(dir, 'lock'));
    const { port, pid } = await launch(t, {
      dir,
      command: (free) => {
        writeConfig('peers/apache-mod-cache-disk.conf', config, { dir, port: free, ...addresses(base) });
        return [program('apache2'), '-D', 'FOREGROUND', '-f', config];
      },
    });
    return { port, roots: [pid] };
  },
};

const varnish: Contender = {
  name: 'Varnish, 60 s fresh',
  own: false,
  asks: '60 s',
  lacks: existsSync(VARNISHD) ? false : "needs Debian's varnish",
  start: async (t, base) => {
    const dir = serverDir(t);
    const vcl = join(dir, 'offload.vcl');
    const { port, pid } = await launch(t, {
      dir,
      command: (free) => {
        writeConfig('peers/varnish.vcl', vcl, addresses(base));
        return [VARNISHD, '-F', '-n', join(dir, 'varnish'), '-a', `127.0.0.1:${free}`, '-T', 'none', '-f', vcl, '-t', '60', '-s', 'malloc,1g'];
      },
    });
    return { port, roots: [pid] };
  },
};

/** What Debian's packages have for the same job. */
export const PEERS: readonly Contender[] = [
  nginx('revalidate', 'nginx proxy_cache, revalidating', 'every time'),
  nginx('fresh', 'nginx proxy_cache, 60 s fresh', '60 s'),
  modCacheDisk,
  varnish,
];
