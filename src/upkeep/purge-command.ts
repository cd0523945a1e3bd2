import { type Arguments, isSet } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { settingsOf } from '../cli/settings.js';
import { removeEmpty } from '../cache/census.js';
import type { Layout } from '../cache/layout.js';
import { removeAll } from '../cache/remove.js';
import { printable } from '../log.js';
import type { Settings } from '../settings/settings.js';
import { type Entry, openUsedCache, readEntry, urlDirectories } from './catalogue.js';
import { isPattern, matcher, pathOf } from './patterns.js';
import { sizeOf } from './trash.js';
import { bytesText, countText } from './units.js';

/** `offload purge`: what the cache has of these URLs is removed; a fill that runs is not kept. @throws Problem, StorageError */
export async function purgeCommand(given: Arguments, io: Io): Promise<number> {
  if (given.words.length === 0) throw new Problem('URL', "not given; name a path like /file.zip, or a pattern like '/old/*' in quotes");
  const settings = settingsOf(given);
  const layout = openUsedCache(settings);
  const isTry = isSet(given, 'dry-run');
  let [count, bytes] = [0, 0];
  for (const entry of meant(layout, settings, given.words)) {
    count++;
    bytes += sizeOf(entry);
    io.stdout.write(`${printable(entry.path ?? '')}\n`);
    if (isTry) continue;
    removeAll(entry.place);
    removeEmpty(entry.place.directory);
  }
  io.stderr.write(`offload purge: ${countText(count, 'URL')}, ${bytesText(bytes)} ${isTry ? 'would be removed' : 'removed'}\n`);
  return count > 0 ? EXIT.done : EXIT.failed;
}

/** A million other objects needn't be looked at for one that is named. */
function* meant(layout: Layout, settings: Settings, words: readonly string[]): Generator<Entry> {
  for (const path of new Set(words.filter((word) => !isPattern(word)).map((word) => pathOf(word, settings.base)))) {
    const entry = readEntry(layout, settings, layout.url(settings.base.href, path).directory);
    if (entry.names.length > 0) yield { ...entry, path };
  }
  const patterns = words.filter(isPattern);
  if (patterns.length === 0) return;
  const isMeant = matcher(patterns, settings.base);
  for (const directory of urlDirectories(layout, settings)) {
    const entry = readEntry(layout, settings, directory);
    if (entry.path !== undefined && isMeant(entry.path)) yield entry;
  }
}
