import type { Record } from '../cache/record.js';
import { parseHttpDate } from '../http/date.js';
import { cacheControl, deltaSeconds, listMembers } from '../http/fields.js';
import type { Request } from './request.js';

/** The age in milliseconds (RFC 9111 §4.2.3): since the base was asked, and what its answer was old by its own word. */
export function currentAge(record: Record, now: number): number {
  // In a list of ages the first counts (§5.1).
  const before = deltaSeconds(listMembers(record.fields.get('age'))[0]) ?? 0;
  return Math.max(0, now - record.validated) + before;
}

/** How long the base needn't be asked, in milliseconds; none: ask. `most` is OffloadFresh, the base may only shorten it. */
export function freshFor(record: Record, most: number, now: number): number {
  // A clock that was set back.
  if (record.validated > now + 1000) return 0;
  const noCache = cacheControl(record.fields.get('cache-control')).has('no-cache') || pragmaNoCache(record.fields.get('pragma'));
  return noCache ? 0 : Math.min(most, explicitLifetime(record) ?? most) - currentAge(record, now);
}

/** The base's own freshness lifetime in milliseconds (RFC 9111 §4.2.1); what is no number or date is in the past. */
function explicitLifetime({ fields, validated }: Record): number | undefined {
  const directives = cacheControl(fields.get('cache-control'));
  const seconds = directives.get('s-maxage') ?? directives.get('max-age');
  if (seconds !== undefined) return deltaSeconds(seconds) ?? 0;
  const expires = fields.get('expires');
  if (expires === undefined) return undefined;
  return Math.max(0, (parseHttpDate(expires) ?? 0) - (parseHttpDate(fields.get('date')) ?? validated));
}

/** Whether a client takes what is fresh for `left` milliseconds without the base being asked (RFC 9111 §5.2.1). */
export function clientTakes(request: Request, record: Record, left: number, now: number): boolean {
  const field = request.field('cache-control');
  if (field === undefined) return !pragmaNoCache(request.field('pragma'));
  const directives = cacheControl(field);
  const oldest = deltaSeconds(directives.get('max-age')) ?? Infinity;
  const minFresh = deltaSeconds(directives.get('min-fresh')) ?? 0;
  return !directives.has('no-cache') && currentAge(record, now) <= oldest && left >= minFresh;
}

function pragmaNoCache(pragma: string | undefined): boolean {
  return cacheControl(pragma).has('no-cache');
}

/** Whether it may be sent while the base can't be asked (RFC 9111 §4.2.4): confirmed lately, and not forbidden by the base. */
export function mayBeStale(record: Record, staleIfError: number, now: number): boolean {
  const directives = cacheControl(record.fields.get('cache-control'));
  if (directives.has('no-cache') || staleIfError === 0 || now - record.validated > staleIfError) return false;
  // The base's own lifetime may be longer than OffloadFresh: then nothing is stale yet.
  if (currentAge(record, now) < (explicitLifetime(record) ?? 0)) return true;
  return !['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => directives.has(name));
}

export function onlyIfCached(request: Request): boolean {
  return cacheControl(request.field('cache-control')).has('only-if-cached');
}
