import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../place.js';
import { launch, program, serverDir, type WebServer } from './server.js';

interface LighttpdOptions {
  /** Modules besides mod_alias, mod_cgi and mod_setenv. */
  readonly modules?: readonly string[];
  /** Lines after ours. May write files into the directory. */
  readonly config: (dir: string) => string;
  readonly dir?: string;
}

/** Starts lighttpd with the given configuration lines. */
export async function startLighttpd(t: Cleanup, { modules = [], config, dir = serverDir(t) }: LighttpdOptions): Promise<WebServer> {
  mkdirSync(join(dir, 'htdocs'), { recursive: true });
  const file = join(dir, 'lighttpd.conf');
  return launch(t, {
    dir,
    command: (port) => {
      const lines = [
        `server.modules = (${['mod_alias', 'mod_cgi', 'mod_setenv', ...modules].map((name) => `"${name}"`).join(', ')})`,
        'server.bind = "127.0.0.1"',
        `server.port = ${port}`,
        `server.document-root = "${dir}/htdocs"`,
        `server.errorlog = "${dir}/error.log"`,
        `server.breakagelog = "${dir}/stderr.log"`,
        `server.upload-dirs = ("${dir}")`,
        config(dir),
        '',
      ];
      writeFileSync(file, lines.join('\n'));
      return [program('lighttpd'), '-D', '-f', file];
    },
  });
}
