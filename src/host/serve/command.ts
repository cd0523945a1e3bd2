import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stderrLog } from '../../log.js';
import { flagOptions, flagsHelp } from '../../settings/help.js';
import { loadSettings } from '../../settings/load.js';
import { untilStopped } from './signals.js';
import { Serving } from './serve.js';

const HELP = `Usage: offload serve --base ORIGIN [FLAG...]

Answers requests like offload.cgi, in one process and without a web server. SIGTERM ends it
when what runs is done; a second one at once.

`;

/** `offload serve`. @throws errors with a text for people: bad flags, settings, an address in use */
export async function serveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { ...flagOptions(), help: { type: 'boolean', short: 'h' } } });
  if (values['help'] === true) {
    process.stdout.write(HELP + flagsHelp());
    return 0;
  }
  const settings = loadSettings({ flags: values, env: process.env, scriptDir: scriptDir() });
  const serving = new Serving(settings, stderrLog(settings.debug));
  const address = await serving.listen();
  process.stdout.write(`offload: serving ${settings.base.href} at ${address}, cache in ${settings.cacheDir}\n`);
  await untilStopped();
  await serving.close();
  return 0;
}

function scriptDir(): string {
  return dirname(process.argv[1] ?? '.');
}
