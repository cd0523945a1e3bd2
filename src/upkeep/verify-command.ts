import { createHash } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { type Arguments, isSet } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { settingsOf } from '../cli/settings.js';
import type { UrlPlace } from '../cache/layout.js';
import { removeIfThere } from '../cache/lock.js';
import { unlessFilled } from '../cache/remove.js';
import { removeCounted } from '../cache/usage.js';
import { codeOf } from '../errors.js';
import type { Record } from '../cache/record.js';
import { openUsedCache, readEntry, urlDirectories } from './catalogue.js';
import { matcher } from './patterns.js';
import { Pace } from './pace.js';
import { Progress } from './progress.js';
import { bytesText, countText, flagBytes } from './units.js';

const BUFFER = 1_048_576;

/** What a body is: as it came; other bytes, another length, or unreadable; or nobody knows how it came. */
type Finding = 'right' | 'damaged' | 'without' | 'gone';

/** `offload verify`: exit code 1 if a body was damaged. @throws Problem, StorageError */
export async function verifyCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const isMeant = matcher(given.words, settings.base);
  const isTry = isSet(given, 'dry-run');
  const pace = new Pace(flagBytes(given, 'rate'));
  const layout = openUsedCache(settings);
  const progress = new Progress(io);
  const found = { right: 0, damaged: 0, without: 0, gone: 0 };
  let [total, looked, bytes] = [0, 0, 0];
  for (const _ of urlDirectories(layout, settings)) total++;
  for (const directory of urlDirectories(layout, settings)) {
    const { path, place, records } = readEntry(layout, settings, directory);
    progress.show(looked++, total, `${bytesText(bytes)} read; ${path ?? ''}`);
    if (path === undefined || !isMeant(path)) continue;
    for (const record of records) {
      const body = place.body(record.version.id);
      const finding = await examine(body, record, async (read) => {
        bytes += read;
        progress.show(looked, total, `${bytesText(bytes)} read; ${path}`);
        await pace.pass(read);
      });
      found[finding]++;
      if (finding !== 'damaged') continue;
      progress.say(`offload verify: ${path}: ${body}: is not what the base sent${isTry ? '' : ': removed, will be pulled anew'}`);
      if (!isTry) removeDamaged(place, record.version.id);
    }
  }
  progress.clear();
  const damaged = `${found.damaged} damaged${isTry || found.damaged === 0 ? '' : ' and removed'}`;
  const files = countText(found.right + found.damaged + found.without, 'file');
  io.stdout.write(`offload verify: ${files}, ${bytesText(bytes)}: ${found.right} right, ${damaged}, ${found.without} without a digest\n`);
  return found.damaged === 0 ? EXIT.done : EXIT.failed;
}

/** At once: if a web server has just been told to send it, its client must not get it either, but asks again. */
function removeDamaged(place: UrlPlace, version: string): void {
  unlessFilled(place, version, () => {
    removeIfThere(place.head(version));
    removeCounted(place.layout, place.body(version));
  });
}

/** Reads a body; that is no use of it. */
async function examine(body: string, { version, sha256 }: Record, onRead: (bytes: number) => Promise<void>): Promise<Finding> {
  let file: fs.FileHandle;
  try {
    file = await fs.open(body, constants.O_RDONLY | (constants.O_NOATIME ?? 0));
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'gone' : 'damaged';
  }
  try {
    if ((await file.stat()).size !== version.length) return 'damaged';
    if (sha256 === undefined) return 'without';
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(BUFFER);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, BUFFER, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      await onRead(bytesRead);
    }
    return hash.digest('hex') === sha256 ? 'right' : 'damaged';
  } catch (error) {
    // A disk that cannot read it cannot send it either.
    if (codeOf(error) === 'EIO') return 'damaged';
    throw error;
  } finally {
    await file.close();
  }
}
