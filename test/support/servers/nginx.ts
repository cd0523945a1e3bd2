import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../place.js';
import { launch, program, serverDir, startHelper, type WebServer } from './server.js';

interface NginxOptions {
  /** Lines of the `server` block, after `listen`. May write files into the directory. */
  readonly config?: (dir: string) => string;
  /** Instead: all of the `http` block but where temporary files go. */
  readonly http?: (dir: string, port: number) => string;
  readonly dir?: string;
}

/** Starts nginx with the given lines in its only `server` block. */
export async function startNginx(t: Cleanup, { config, http, dir = serverDir(t) }: NginxOptions): Promise<WebServer> {
  mkdirSync(join(dir, 'htdocs'), { recursive: true });
  const file = join(dir, 'nginx.conf');
  return launch(t, {
    dir,
    command: (port) => {
      const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${dir}/${name};`);
      const lines = [
        'daemon off;',
        'worker_processes 2;',
        `pid ${dir}/nginx.pid;`,
        `error_log ${dir}/error.log;`,
        'events { worker_connections 512; }',
        'http {',
        '  access_log off;',
        ...temp,
        http?.(dir, port) ?? ['  server {', `    listen 127.0.0.1:${port};`, '    server_name offload.test;', `    root ${dir}/htdocs;`, config?.(dir), '  }'].join('\n'),
        '}',
        '',
      ];
      writeFileSync(file, lines.join('\n'));
      // -e: else it complains about the packaged log file, which is root's.
      return [program('nginx'), '-e', join(dir, 'error.log'), '-c', file];
    },
  });
}

/** Starts fcgiwrap with so many processes: one serves one request at a time. */
export async function startFcgiwrap(t: Cleanup, dir: string, processes = 16): Promise<{ socket: string; stop: () => Promise<void> }> {
  const socket = join(dir, 'fcgi.sock');
  const command = [program('fcgiwrap'), '-f', '-c', String(processes), '-s', `unix:${socket}`] as const;
  return { socket, stop: await startHelper(t, dir, command, () => existsSync(socket)) };
}
