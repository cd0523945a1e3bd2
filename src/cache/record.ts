import { readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVersion, type Version } from '../base/version.js';
import { Fields, type Field } from '../http/fields.js';
import { UrlPlace } from './layout.js';
import { codeOf } from '../errors.js';

/** What the base said of one version of one URL, and when it last said so. */
export interface Record {
  readonly version: Version;
  readonly fields: Fields;
  /** Milliseconds since 1970. */
  readonly validated: number;
}

/** As it lies on disk: ASCII only, so that no byte of a header is re-coded. */
interface Stored {
  readonly url: string;
  readonly length: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly date?: number | undefined;
  readonly fields: readonly Field[];
}

/** The record of a version; undefined if there is none, or what is there isn't one of this URL. */
export function readRecord(place: UrlPlace, url: string, id: string): Record | undefined {
  try {
    const path = place.head(id);
    const stored = JSON.parse(readFileSync(path, 'latin1')) as Stored;
    const version = makeVersion({ etag: stored.etag, lastModified: stored.lastModified, date: stored.date }, stored.length);
    if (stored.url !== url || version.id !== id || !Array.isArray(stored.fields)) return undefined;
    return { version, fields: new Fields(stored.fields), validated: statSync(path).mtimeMs };
  } catch {
    return undefined;
  }
}

/** Writes or replaces a record. Its mtime, the time of validation, is now. @throws errors of the file system */
export function writeRecord(place: UrlPlace, url: string, version: Version, fields: Fields): void {
  writeAtomically(place, place.head(version.id), stringify(url, version, fields));
}

/** Notes that the base has just confirmed this version; what it said of it is stored anew only if it differs. */
export function touchRecord(place: UrlPlace, url: string, version: Version, fields: Fields): void {
  const stored = readRecord(place, url, version.id);
  if (stored === undefined || !sameFields(stored.fields, fields)) return writeRecord(place, url, version, fields);
  const now = Date.now() / 1000;
  utimesSync(place.head(version.id), now, now);
}

/** The records of a URL, the last validated first. */
export function readRecords(place: UrlPlace, url: string): Record[] {
  const records: Record[] = [];
  for (const name of namesIn(place)) {
    const entry = UrlPlace.parse(name);
    const record = entry?.kind === 'head' ? readRecord(place, url, entry.version) : undefined;
    if (record !== undefined) records.push(record);
  }
  return records.sort((a, b) => b.validated - a.validated);
}

export function namesIn(place: UrlPlace): string[] {
  try {
    return readdirSync(place.directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A reader sees the old content or the new, never a part. */
export function writeAtomically(place: UrlPlace, path: string, text: string): void {
  const temporary = join(place.directory, `tmp.${process.pid}.${Math.random().toString(36).slice(2)}`);
  writeFileSync(temporary, text, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

function sameFields(a: Fields, b: Fields): boolean {
  return lasting(a) === lasting(b);
}

/** Date changes with every answer and says nothing about the file. */
function lasting(fields: Fields): string {
  return JSON.stringify(fields.list.filter(([name]) => name.toLowerCase() !== 'date'));
}

function stringify(url: string, version: Version, fields: Fields): string {
  const { length, etag, lastModified, date } = version;
  const stored: Stored = { url, length, etag, lastModified, date, fields: fields.list };
  return JSON.stringify(stored).replace(/[\x7f-\xff]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
