import { parseHttpDate } from './date.js';
import { parseETags, strongMatch, weakMatch } from './etag.js';

/** The validators of a selected representation. `date` is when the base said so, milliseconds since 1970. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly date: number | undefined;
}

type GetField = (name: string) => string | undefined;

/** The status that a GET's or HEAD's preconditions call for, in the order of RFC 9110 §13.2.2; 200 = go on. */
export function checkPreconditions(field: GetField, current: Validators): 200 | 304 | 412 {
  const ifMatch = field('if-match');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, current.etag, strongMatch)) return 412;
  } else {
    const since = parseHttpDate(field('if-unmodified-since'));
    const modified = parseHttpDate(current.lastModified);
    if (since !== undefined && modified !== undefined && modified > since) return 412;
  }
  const ifNoneMatch = field('if-none-match');
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, current.etag, weakMatch) ? 304 : 200;
  const since = parseHttpDate(field('if-modified-since'));
  const modified = parseHttpDate(current.lastModified);
  return since !== undefined && modified !== undefined && modified <= since ? 304 : 200;
}

function matches(value: string, etag: string | undefined, same: (a: string, b: string) => boolean): boolean {
  const tags = parseETags(value, etag);
  if (tags === '*') return true;
  return etag !== undefined && tags.some((tag) => same(tag, etag));
}

/** Whether Range applies (RFC 9110 §13.1.5): no If-Range, or one that names exactly this representation. */
export function ifRangeHolds(value: string | undefined, current: Validators): boolean {
  if (value === undefined) return true;
  const text = value.trim();
  if (current.etag !== undefined && strongMatch(text, current.etag)) return true;
  const date = parseHttpDate(text);
  return date !== undefined && isStrongDate(current) && date === parseHttpDate(current.lastModified);
}

/** A Last-Modified is a strong validator if the base's clock had moved on for a second (RFC 9110 §8.8.2.2). */
export function isStrongDate(current: Validators): boolean {
  const modified = parseHttpDate(current.lastModified);
  return modified !== undefined && current.date !== undefined && current.date - modified >= 1000;
}
