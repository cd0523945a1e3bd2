import type { Field } from '../http/fields.js';
import { PSEUDONYM } from './admit.js';

/** How a request was handled, for Cache-Status (RFC 9211) and the log. */
export interface Handling {
  /** The body comes from the cache. */
  readonly hit?: boolean;
  /** Why the base was asked for the body. */
  readonly fwd?: 'uri-miss' | 'stale' | 'miss' | 'bypass' | 'request';
  /** What the base answered. */
  readonly fwdStatus?: number;
  readonly stored?: boolean;
  /** Another request's pull is followed. */
  readonly collapsed?: boolean;
  readonly detail?: string;
}

export function cacheStatus(handling: Handling): Field {
  const { hit, fwd, fwdStatus, stored, collapsed, detail } = handling;
  const parts = [PSEUDONYM];
  if (hit === true) parts.push('hit');
  if (fwd !== undefined) parts.push(`fwd=${fwd}`);
  if (fwdStatus !== undefined) parts.push(`fwd-status=${fwdStatus}`);
  if (stored === true) parts.push('stored');
  if (collapsed === true) parts.push('collapsed');
  if (detail !== undefined) parts.push(`detail=${detail}`);
  return ['Cache-Status', parts.join('; ')];
}
