import type { Arguments } from '../../cli/arguments.js';
import { EXIT, type Io } from '../../cli/io.js';
import { settingsOf } from '../../cli/settings.js';
import { stderrLog } from '../../log.js';
import { showTitle } from '../title.js';
import { untilStopped } from './signals.js';
import { Serving } from './serve.js';

/** `offload serve`. @throws errors with a text for people: bad settings, an address in use */
export async function serveCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const serving = new Serving(settings, stderrLog(settings.debug));
  const address = await serving.listen();
  io.stdout.write(`offload: serving ${settings.base.href} at ${address}, cache in ${settings.cacheDir}\n`);
  const title = setInterval(() => showTitle('serve', address.replace('http://', ''), `, ${downloads(serving.running)}`), 1000);
  await untilStopped();
  await serving.close();
  clearInterval(title);
  return EXIT.done;
}

function downloads(count: number): string {
  return `${count} download${count === 1 ? '' : 's'}`;
}
