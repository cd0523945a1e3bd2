import { readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { makeVersion, type Version } from '../base/version.js';
import { Fields, type Field } from '../http/fields.js';
import { UrlPlace } from './layout.js';
import { removeIfThere } from './lock.js';
import { codeOf } from '../errors.js';

/** What the base said of one version of one URL, and when it was last asked. */
export interface Record {
  readonly version: Version;
  readonly fields: Fields;
  /** Milliseconds since 1970. */
  readonly validated: number;
  /** SHA-256 of the whole body, in hexadecimal, taken while it came. */
  readonly sha256?: string | undefined;
}

/** As it lies on disk: ASCII only, so that no byte of a header is re-coded. In quotes: what the build makes short elsewhere. */
interface Stored {
  readonly url: string;
  readonly length: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly date?: number | undefined;
  readonly fields: readonly Field[];
  readonly sha256?: string | undefined;
}

/** The record of a version; undefined if there is none, or what is there isn't one of this URL. */
function readRecord(place: UrlPlace, url: string, id: string): Record | undefined {
  try {
    const path = place.head(id);
    const stored = JSON.parse(readFileSync(path, 'latin1')) as Stored;
    const version = makeVersion({ etag: stored.etag, lastModified: stored.lastModified, date: stored.date }, stored.length);
    if (stored.url !== url || version.id !== id || !stored['fields'].every(isField)) return undefined;
    return { version, fields: new Fields(stored['fields']), validated: statSync(path).mtimeMs, sha256: stored.sha256 };
  } catch {
    return undefined;
  }
}

/**
 * Notes that the base has confirmed this version. What it said of it replaces what it said before (RFC 9111 §4.3.4), Date
 * included: lifetimes count from it. Within one second that is mostly the same. @throws errors of the file system
 */
export function touchRecord(place: UrlPlace, url: string, { version, fields, validated }: Record): void {
  const path = place.head(version.id);
  const seconds = validated / 1000;
  const old = readRecord(place, url, version.id);
  if (sameFields(old?.fields, fields)) return utimesSync(path, seconds, seconds);
  writeAtomically(place, path, stringify(url, version, fields, old?.sha256), seconds);
}

/** Notes the digest of a body that is about to get its name, if it still has a record, and there is room for it. */
export function noteDigest(place: UrlPlace, url: string, id: string, sha256: string): void {
  const record = readRecord(place, url, id);
  if (record === undefined) return;
  const { version, fields, validated } = record;
  try {
    writeAtomically(place, place.head(id), stringify(url, version, fields, sha256), validated / 1000);
  } catch {
    // It has none then.
  }
}

function isField(field: unknown): boolean {
  return Array.isArray(field) && field.length === 2 && field.every((text) => typeof text === 'string');
}

/** A record from later than this, in milliseconds from now, is of a clock that was set back since: it comes last. */
const CLOCKS_DIFFER = 60_000;

/** The records of a URL, the last validated first. */
export function readRecords(place: UrlPlace, url: string): Record[] {
  const records: Record[] = [];
  for (const name of namesIn(place.directory)) {
    const entry = UrlPlace.parse(name);
    const record = entry?.kind === 'head' ? readRecord(place, url, entry.version) : undefined;
    if (record !== undefined) records.push(record);
  }
  const latest = Date.now() + CLOCKS_DIFFER;
  const order = ({ validated }: Record) => (validated > latest ? -validated : validated);
  return records.sort((a, b) => order(b) - order(a));
}

export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A reader sees the old content or the new, never a part. `time` is its mtime, in seconds since 1970. */
export function writeAtomically(place: UrlPlace, path: string, text: string, time?: number): void {
  const temporary = place.draft();
  try {
    writeFileSync(temporary, text, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
    if (time !== undefined) utimesSync(temporary, time, time);
    renameSync(temporary, path);
  } catch (error) {
    // A full disk takes the name, but not the text.
    removeIfThere(temporary);
    throw error;
  }
}

function sameFields(a: Fields | undefined, b: Fields): boolean {
  return a !== undefined && JSON.stringify(a.list) === JSON.stringify(b.list);
}

function stringify(url: string, version: Version, fields: Fields, sha256: string | undefined): string {
  const { length, etag, lastModified, date } = version;
  const stored: Stored = { url, length, etag, lastModified, date, 'fields': fields.list, sha256 };
  return JSON.stringify(stored).replace(/[\x7f-\xff]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
