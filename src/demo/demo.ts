import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arguments } from '../cli/arguments.js';
import { printable, stderrLog } from '../log.js';
import { flagsFrom, type FlagValues } from '../settings/flags.js';
import { loadSettings } from '../settings/load.js';
import { type Served, Serving } from '../host/serve/serve.js';
import { untilStopped } from '../host/serve/signals.js';
import { VERSION } from '../version.js';
import { demoBase } from './base.js';

const FILES = { 'notes.txt': 2_000, 'logo.png': 8_192, 'release.zip': 1_000_000, 'film.mp4': 50_000_000 };

/** `offload demo`, which is `npm start`. */
export async function demoCommand({ flags }: Arguments): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'offload-demo-'));
  try {
    await run(directory, flags);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  say('\nended; the temporary files are removed');
  return 0;
}

async function run(directory: string, flags: FlagValues): Promise<void> {
  let offload = '';
  const embedded = flags['base'] === undefined ? await startBase(directory, () => offload) : undefined;
  const settings = loadSettings({
    flag: flagsFrom({ listen: '127.0.0.1:0', 'cache-dir': join(directory, 'cache'), base: embedded?.address, ...flags }),
    env: {},
    scriptDir: directory,
    siteFile: join(directory, 'offload.conf'),
  });
  const serving = new Serving(settings, stderrLog(settings.debug), (served) => say(requestLine(served)));
  offload = await serving.listen();
  say(`offload ${VERSION}, a demonstration\n\n  base     ${settings.base.href}\n  offload  ${offload}\n`);
  say(embedded === undefined ? realBaseHints(offload) : hints(embedded.address, offload, directory));
  await untilStopped();
  await serving.close();
  embedded?.server.close();
  embedded?.server.closeAllConnections();
}

async function startBase(directory: string, offload: () => string): Promise<{ server: Server; address: string }> {
  for (const [name, size] of Object.entries(FILES)) writeFileSync(join(directory, name), content(name, size));
  const server = demoBase(directory, offload, (line) => say(`${time()} ${line}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Bytes that differ from file to file and from place to place, so that a mix-up would show. */
function content(name: string, size: number): Buffer {
  const block = createHash('sha512').update(name).digest();
  const bytes = Buffer.alloc(size, block);
  for (let i = 0; i + 8 <= size; i += 64) bytes.writeUInt32BE(i, i);
  return bytes;
}

function hints(base: string, offload: string, directory: string): string {
  return [
    'Try in another terminal:',
    `  curl -sLo film.mp4 ${base}/film.mp4         # the base redirects; offload pulls the file once`,
    `  curl -so film.mp4 ${offload}/film.mp4          # again: from the cache`,
    `  curl -sr 0-99 ${offload}/release.zip | wc -c   # a range of a file that isn't here yet`,
    `  curl -I ${offload}/film.mp4                    # Cache-Status tells what happened`,
    `  echo more >> ${directory}/release.zip          # change a file on the base,`,
    `  curl -so release.zip ${offload}/release.zip    # and get the new one`,
    '',
    'Ctrl-C ends it. Requests:',
  ].join('\n');
}

function realBaseHints(offload: string): string {
  return [
    'Try in another terminal, with the path of a file that your base has:',
    `  curl -o /dev/null ${offload}/path/of/a/file   # pulled once`,
    `  curl -I ${offload}/path/of/a/file             # Cache-Status tells what happened`,
    '',
    'Ctrl-C ends it. Requests:',
  ].join('\n');
}

function requestLine({ message, status, cacheStatus, bytes, milliseconds, complete }: Served): string {
  const what = / hit\b/.test(cacheStatus) ? 'hit' : cacheStatus === '' ? '-' : /collapsed/.test(cacheStatus) ? 'miss (followed)' : 'miss';
  const end = complete ? '' : ' cut';
  const { method = '', url = '' } = message;
  return `${time()} offload  ${method} ${printable(url)} ${status} ${what}, ${bytes} bytes in ${Math.round(milliseconds)} ms${end}`;
}

function time(): string {
  return new Date().toTimeString().slice(0, 8);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
