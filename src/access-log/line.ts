import type { Settings } from '../settings/settings.js';
import type { Entry } from './entry.js';

/** The longest texts in a line: all of it is one write of less than 4,096 bytes, which no other write divides. */
const LONGEST_URL = 1600;
const LONGEST = 320;

/** The entry as one line with its line feed, in ASCII; no byte of it ends the line or a quoted text, or moves a cursor. */
export function formatLine(entry: Entry, format: Settings['logFormat']): string {
  const { time, status, bytes, cache, sent, ms, pulled } = entry;
  if (format === 'json') {
    return `${JSON.stringify({ ...entry, time: new Date(time) }, (name, value: unknown) => (typeof value === 'string' ? harmless(value, name) : value))}\n`;
  }
  const text = (name: 'host' | 'method' | 'url' | 'protocol' | 'referer' | 'agent') => harmless(entry[name] ?? '', name) || '-';
  // Apache's %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i", and what Apache doesn't know.
  return (
    `${text('host')} - - [${clfTime(time)}] "${text('method')} ${text('url')} ${text('protocol')}" ${status} ${bytes || '-'} ` +
    `"${text('referer')}" "${text('agent')}" cache=${cache} sent=${sent ?? '-'} ms=${ms} pulled=${pulled}\n`
  );
}

/** What isn't printable ASCII, quotes and backslashes, in a URL blanks too, as \xHH, like nginx; one that was cut ends with three dots. */
function harmless(value: string, name: string): string {
  const [unsafe, most] = name === 'url' ? [/[^!#-[\]-~]/g, LONGEST_URL] : [/[^ !#-[\]-~]/g, LONGEST];
  const safe = value.replace(unsafe, (c) => `\\x${(c.charCodeAt(0) | 256).toString(16).slice(-2)}`);
  // No half of an escape is left.
  return safe.length > most ? `${safe.slice(0, most).replace(/\\x?.?$/, '')}...` : safe;
}

/** 22/Nov/2026:16:17:29 +0100: local time, as all logs of this machine have it. */
function clfTime(time: number): string {
  const east = -new Date(time).getTimezoneOffset();
  const [, day, month, year, clock] = new Date(time + east * 60_000).toUTCString().split(' ');
  const minutes = Math.abs(east);
  const offset = String(minutes + 40 * Math.floor(minutes / 60)).padStart(4, '0');
  return `${day}/${month}/${year}:${clock} ${east < 0 ? '-' : '+'}${offset}`;
}
