import type { Field, Fields } from '../http/fields.js';
import { PSEUDONYM } from './response-fields.js';

/** How a request was handled, for Cache-Status (RFC 9211) and the log. `hit` and `fwd` exclude each other. */
export interface Handling {
  /** The body comes from the cache. */
  readonly hit?: boolean;
  /** Why the base was asked for the body; `request`: the client wanted it asked, though the cache could have answered. */
  readonly fwd?: 'uri-miss' | 'stale' | 'miss' | 'bypass' | 'request';
  /** What the base answered. */
  readonly fwdStatus?: number;
  readonly stored?: boolean;
  /** Another request's pull is followed. */
  readonly collapsed?: boolean;
  /** A structured field's token (RFC 8941 §3.3.4). */
  readonly detail?: string;
}

/** A list: the caches between the base's files and us, then us. */
export function cacheStatus(handling: Handling, base?: Fields): Field {
  const { hit, fwd, fwdStatus, stored, collapsed, detail } = handling;
  const parts = [PSEUDONYM];
  if (hit === true) parts.push('hit');
  if (fwd !== undefined) parts.push(`fwd=${fwd}`);
  if (fwdStatus !== undefined) parts.push(`fwd-status=${fwdStatus}`);
  if (stored === true) parts.push('stored');
  if (collapsed === true) parts.push('collapsed');
  if (detail !== undefined) parts.push(`detail=${detail}`);
  return ['Cache-Status', [...(base?.all('cache-status') ?? []), parts.join('; ')].join(', ')];
}
