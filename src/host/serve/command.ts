import type { Arguments } from '../../cli/arguments.js';
import { EXIT, type Io } from '../../cli/io.js';
import { settingsOf } from '../../cli/settings.js';
import { codeOf } from '../../errors.js';
import { stderrLog } from '../../log.js';
import type { Listen } from '../../settings/settings.js';
import { showTitle } from '../title.js';
import { untilStopped } from './signals.js';
import { Serving } from './serve.js';

/** `offload serve`. @throws errors with a text for people: bad settings, an address in use */
export async function serveCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const serving = new Serving(settings, stderrLog(settings.debug));
  const address = await serving.listen().catch((error: unknown) => {
    throw cannotListen(error, settings.listen);
  });
  io.stdout.write(`offload: serving ${settings.base.href} at ${address}, cache in ${settings.cacheDir}\n`);
  let shown = -1;
  const title = setInterval(() => {
    if (serving.running === shown) return;
    shown = serving.running;
    showTitle('serve', address.replace('http://', ''), `, ${downloads(shown)}`);
  }, 1000);
  await untilStopped();
  await serving.close();
  clearInterval(title);
  return EXIT.done;
}

function downloads(count: number): string {
  return `${count} download${count === 1 ? '' : 's'}`;
}

function cannotListen(error: unknown, listen: Listen): Error {
  const where = 'path' in listen ? `unix:${listen.path}` : `${listen.host || '*'}:${listen.port}`;
  const code = codeOf(error);
  const remedy = ('path' in listen ? SOCKET : PORT)[code] ?? 'choose another';
  return new Error(`OffloadListen ${where}: ${code === 'EADDRINUSE' ? 'in use' : "can't listen there"} (${code || String(error)}); ${remedy}`);
}

const PORT: { readonly [code: string]: string } = {
  EADDRINUSE: 'end what listens there, or choose another port',
  EADDRNOTAVAIL: 'this machine has no such address: name one of its own, or :PORT for all',
  EACCES: 'ports below 1024 are for root: choose another, or grant CAP_NET_BIND_SERVICE',
  ENOTFOUND: 'the name can not be looked up: name an address',
};
const SOCKET: { readonly [code: string]: string } = {
  EADDRINUSE: 'end what listens there, or remove the file if it is no socket',
  EACCES: 'its directory must be there, and this user must be allowed to write to it',
};
