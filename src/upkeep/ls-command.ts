import { type Arguments, flag, isSet } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { settingsOf } from '../cli/settings.js';
import { printable } from '../log.js';
import { type CachedFile, fileOf, openUsedCache, readEntry, urlDirectories } from './catalogue.js';
import { matcher } from './patterns.js';
import { bytesText, countText, timeText } from './units.js';

const ORDERS: { readonly [name: string]: (a: CachedFile, b: CachedFile) => number } = {
  url: (a, b) => (a.path < b.path ? -1 : 1),
  size: (a, b) => b.bytes - a.bytes,
  used: (a, b) => b.lastUse - a.lastUse,
  validated: (a, b) => b.record.validated - a.record.validated,
};

/** `offload ls`: the files of this base that are here whole. @throws Problem, StorageError */
export async function lsCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const layout = openUsedCache(settings);
  const isMeant = matcher(given.words, settings.base);
  const files: CachedFile[] = [];
  for (const directory of urlDirectories(layout, settings)) {
    const file = fileOf(readEntry(layout, settings, directory));
    if (file !== undefined && isMeant(file.path)) files.push(file);
  }
  files.sort(ORDERS[flag(given, 'sort') ?? 'url']);
  if (isSet(given, 'json')) writeJson(files, settings.base.href, io);
  else writeTable(files, io);
  return EXIT.done;
}

function writeTable(files: readonly CachedFile[], io: Io): void {
  io.stdout.write('      SIZE  LAST USE          VALIDATED         URL\n');
  let sum = 0;
  for (const { path, bytes, lastUse, record } of files) {
    sum += bytes;
    io.stdout.write(`${bytesText(bytes).padStart(10)}  ${timeText(lastUse)}  ${timeText(record.validated)}  ${printable(path)}\n`);
  }
  io.stdout.write(`${bytesText(sum).padStart(10)}  in ${countText(files.length, 'file')}\n`);
}

/** One array, an object a line. Times as RFC 3339 has them. */
function writeJson(files: readonly CachedFile[], base: string, io: Io): void {
  io.stdout.write('[');
  for (const [number, { path, bytes, lastUse, record }] of files.entries()) {
    const { etag, lastModified } = record.version;
    const shown = {
      url: base + path,
      size: bytes,
      lastUse: new Date(lastUse).toISOString(),
      validated: new Date(record.validated).toISOString(),
      etag,
      lastModified,
      sha256: record.sha256,
    };
    io.stdout.write(`${number === 0 ? '\n' : ',\n'}${ascii(JSON.stringify(shown))}`);
  }
  io.stdout.write('\n]\n');
}

function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
