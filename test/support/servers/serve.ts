import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCommand } from '../build.js';
import type { Cleanup } from '../place.js';
import { launch, serverDir, type WebServer } from './server.js';
import type { Environment } from './setups.js';

/** Starts `offload serve` with these OFFLOAD_* settings and flags; its cache is `dir/cache`. */
export async function startServe(t: Cleanup, settings: Environment, flags: readonly string[] = []): Promise<WebServer> {
  const dir = serverDir(t);
  // A copy: the server's user may not be able to look into the project.
  const command = join(dir, 'offload');
  copyFileSync(await offloadCommand(), command);
  return launch(t, {
    dir,
    env: { OFFLOAD_CACHE_DIR: join(dir, 'cache'), ...settings },
    command: (port) => [process.execPath, command, 'serve', '--listen', `127.0.0.1:${port}`, ...flags],
  });
}
