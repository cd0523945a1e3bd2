import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../place.js';
import { launch, program, serverDir, type WebServer } from './server.js';

interface BusyboxOptions {
  readonly dir?: string;
  /** Its environment; scripts inherit it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts busybox httpd on `dir/htdocs`; scripts are in `dir/htdocs/cgi-bin`. */
export async function startBusybox(t: Cleanup, { dir = serverDir(t), env = {} }: BusyboxOptions = {}): Promise<WebServer> {
  mkdirSync(join(dir, 'htdocs/cgi-bin'), { recursive: true });
  return launch(t, {
    dir,
    env,
    command: (port) => [program('busybox'), 'httpd', '-f', '-vv', '-p', `127.0.0.1:${port}`, '-h', join(dir, 'htdocs')],
  });
}
