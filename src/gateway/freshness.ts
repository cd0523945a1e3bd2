import type { Record } from '../cache/record.js';
import { parseHttpDate } from '../http/date.js';
import { cacheControl, deltaSeconds } from '../http/fields.js';
import type { Request } from './request.js';

/** Seconds for Age (RFC 9111 §5.1): since the base last confirmed it, and what it was old then. */
export function ageOf(record: Record, now: number): number {
  const before = deltaSeconds(record.fields.get('age')) ?? 0;
  return Math.floor((Math.max(0, now - record.validated) + before) / 1000);
}

/** How long after a validation the base needn't be asked, in milliseconds: OffloadFresh, or less if the base says so. */
export function freshnessLifetime(record: Record, most: number): number {
  const directives = cacheControl(record.fields.get('cache-control'));
  if (directives.has('no-cache') || record.fields.get('pragma')?.toLowerCase().includes('no-cache') === true) return 0;
  const said = deltaSeconds(directives.get('s-maxage')) ?? deltaSeconds(directives.get('max-age')) ?? expiresIn(record);
  return Math.min(most, said ?? most);
}

function expiresIn({ fields }: Record): number | undefined {
  const expires = fields.get('expires');
  if (expires === undefined) return undefined;
  const at = parseHttpDate(expires);
  const date = parseHttpDate(fields.get('date'));
  // An Expires that is no date, like 0, is in the past (RFC 9111 §5.3).
  return at === undefined || date === undefined ? 0 : Math.max(0, at - date);
}

/** Whether this client may have it without the base being asked (RFC 9111 §4.2, §5.2.1). A clock set back makes it stale. */
export function isFresh(record: Record, request: Request, most: number, now: number): boolean {
  if (most === 0 || record.validated > now + 1000) return false;
  const directives = cacheControl(request.field('cache-control'));
  const pragma = request.field('cache-control') === undefined ? (request.field('pragma') ?? '') : '';
  if (directives.has('no-cache') || /\bno-cache\b/i.test(pragma)) return false;
  const age = now - record.validated + (deltaSeconds(record.fields.get('age')) ?? 0);
  const maxAge = deltaSeconds(directives.get('max-age'));
  if (maxAge !== undefined && age > maxAge) return false;
  return age + (deltaSeconds(directives.get('min-fresh')) ?? 0) < freshnessLifetime(record, most);
}

/** Whether it may be sent while the base can't be asked: validated not too long ago, and not forbidden by the base. */
export function mayBeStale(record: Record, staleIfError: number, now: number): boolean {
  const directives = cacheControl(record.fields.get('cache-control'));
  const forbidden = ['must-revalidate', 'proxy-revalidate', 's-maxage', 'no-cache'].some((name) => directives.has(name));
  return !forbidden && Math.max(0, now - record.validated) <= staleIfError && staleIfError > 0;
}

export function onlyIfCached(request: Request): boolean {
  return cacheControl(request.field('cache-control')).has('only-if-cached');
}
