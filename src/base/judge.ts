import { cacheControl, type Fields, listMembers } from '../http/fields.js';
import type { Answer } from './base.js';
import { type Version, versionOf } from './version.js';

/** What an answer of the base means for the client's request. */
export type Judgement =
  | { readonly kind: 'version'; readonly version: Version }
  /** A 200 that must not, or cannot, be stored. */
  | { readonly kind: 'uncacheable'; readonly why: string }
  /** The base wants credentials; we have none and ask for none. */
  | { readonly kind: 'forbidden' }
  /** Another status, for the client to see. */
  | { readonly kind: 'other' }
  /** The base is in trouble. */
  | { readonly kind: 'failed' };

/** `length`: the body's bytes where another answer has told them, for one that is sent in chunks. */
export function judge({ status, fields }: Answer, length?: number): Judgement {
  if (status === 401 || status === 407 || fields.has('www-authenticate')) return { kind: 'forbidden' };
  // We have asked for no range and under no condition: such an answer would mislead a client that did.
  if (status >= 500 || (status < 300 && status !== 200 && status !== 204) || UNASKED.has(status)) return { kind: 'failed' };
  if (status !== 200) return { kind: 'other' };
  const why = whyNotStored(fields);
  if (why !== undefined) return { kind: 'uncacheable', why };
  const version = versionOf(fields, length);
  if (version === undefined) return { kind: 'uncacheable', why: 'no validator or no Content-Length' };
  return { kind: 'version', version };
}

/** They answer a condition or a range. */
const UNASKED: ReadonlySet<number> = new Set([304, 412, 416]);

/** We take no coding; and the bypass, which a rule of the base may look at, is ours, never a client's. */
const HARMLESS_IN_VARY = new Set(['accept-encoding', 'x-mod-offload-bypass']);

/** RFC 9111 §3, for a shared cache that holds one representation of each URL. */
function whyNotStored(fields: Fields): string | undefined {
  const directives = cacheControl(fields.get('cache-control'));
  if (directives.has('no-store')) return 'Cache-Control: no-store';
  if (directives.has('private')) return 'Cache-Control: private';
  if (fields.has('set-cookie')) return 'Set-Cookie';
  const codings = listMembers(fields.get('content-encoding')).filter((coding) => coding.toLowerCase() !== 'identity');
  if (codings.length > 0) return `Content-Encoding: ${codings.join(', ')}`;
  const vary = listMembers(fields.get('vary')).filter((name) => !HARMLESS_IN_VARY.has(name.toLowerCase()));
  if (vary.length > 0) return `Vary: ${vary.join(', ')}`;
  return undefined;
}
