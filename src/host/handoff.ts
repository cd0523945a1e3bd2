import { Layout } from '../cache/layout.js';
import { noteHandover } from '../cache/retire.js';
import type { Reply } from '../gateway/reply.js';
import type { Request } from '../gateway/request.js';
import { parseHttpDate } from '../http/date.js';
import { isStrong } from '../http/etag.js';
import type { Field } from '../http/fields.js';
import type { Handoff, Settings } from '../settings/settings.js';

/** What nginx keeps of a script's header when it sends a file instead. */
const KEPT_BY_NGINX = ['cache-control', 'content-disposition', 'content-type', 'expires'];

/** What it drops, and the configuration of `offload site` adds again, one by one: a header with another field can't be handed over. */
export const READDED_FOR_NGINX = (
  'age cache-status etag last-modified via vary link pragma access-control-allow-credentials access-control-allow-headers ' +
  'access-control-allow-methods access-control-allow-origin access-control-expose-headers access-control-max-age ' +
  'content-digest content-language content-location content-md5 content-security-policy cross-origin-embedder-policy ' +
  'cross-origin-opener-policy cross-origin-resource-policy digest permissions-policy referrer-policy repr-digest sourcemap ' +
  'timing-allow-origin x-cache x-content-type-options x-download-options x-frame-options x-permitted-cross-domain-policies ' +
  'x-powered-by x-request-id x-robots-tag x-served-by x-xss-protection'
).split(' ');

/** How our fields that a local redirect would lose travel: the configuration of `offload site` gives them their names back. */
export const PRIVATE_PREFIX = 'X-Offload-';

/** Characters that Apache and lighttpd both take as they are in X-Sendfile: only one of them decodes %20. */
const PLAIN_PATH = /^[\w/.,~@=:-]+$/;

/** Whether a server can be told of files in this directory by their path. */
export function canBeNamed(cacheDir: string): boolean {
  return PLAIN_PATH.test(cacheDir);
}

/**
 * The reply that names the complete object to the web server, which then sends it; or the reply itself, where there is no
 * such object, or this program answers what that server would answer otherwise. The client sees the same.
 */
export function handOver(request: Request, reply: Reply, handoff: Handoff, { cacheDir }: Pick<Settings, 'cacheDir'>): Reply {
  const path = reply.body.kind === 'file' ? reply.body.source.path : undefined;
  if (path === undefined || !agreesWithServer(request, reply, handoff)) return reply;
  const layout = new Layout(cacheDir);
  const fields = headerFor(handoff, reply.fields, path, layout);
  if (fields === undefined) return reply;
  noteHandover(layout);
  return { status: 200, fields, body: { kind: 'none' }, close: () => reply.close() };
}

/** Whether the server, with the whole file and our header, comes to the same status and the same bytes. */
function agreesWithServer(request: Request, { status, fields }: Reply, { way }: Handoff): boolean {
  const etag = only(fields, 'etag');
  // What is missing servers make up. A tag that breaks the grammar each of them reads in its own way.
  const described = only(fields, 'content-type') !== undefined && parseHttpDate(only(fields, 'last-modified')) !== undefined;
  if (!described || !isStrong(etag?.replace(/^W\//, ''))) return false;
  const [range, ifRange, since] = [request.field('range'), request.field('if-range'), request.field('if-modified-since')];
  // Only what its documentation says: we could not try it.
  if (way === 'x-litespeed-location' && (range ?? since ?? request.field('if-none-match')) !== undefined) return false;
  if (request.field('if-match') !== undefined || request.field('if-unmodified-since') !== undefined) return false;
  if (since !== undefined && parseHttpDate(since) === undefined) return false;
  if (!/^(?:(?:W\/)?"[^"]*"\s*(?:,\s*|$))*$/.test(request.field('if-none-match') ?? '')) return false;
  if (status !== 206) return status === 200 && range === undefined;
  return /^bytes=\d{0,15}-\d{0,15}$/.test(range ?? '') && (ifRange === undefined || ifRange === etag);
}

/** The header that makes the server send the file; undefined if the client would not see all of ours. */
function headerFor(handoff: Handoff, fields: readonly Field[], path: string, layout: Layout): Field[] | undefined {
  // The server says them of what it sends.
  const rest = fields.filter(([name]) => !/^(?:content-(?:length|range)|accept-ranges)$/i.test(name));
  if (handoff.way === 'x-sendfile') return canBeNamed(layout.root) ? [...rest, ['X-Sendfile', path]] : undefined;
  const url = `${handoff.prefix}/${layout.relative(path)}`;
  if (handoff.way === 'x-accel-redirect') return survivesNginx(rest) ? [...rest, ['X-Accel-Redirect', url]] : undefined;
  if (handoff.way === 'x-litespeed-location') return [...rest, ['X-LiteSpeed-Location', url]];
  return [...rest.map(([name, value]): Field => (isReplaced(name) ? [PRIVATE_PREFIX + name, value] : [name, value])), ['Location', url]];
}

/** A local redirect gives the client these of the file as the server sees it. */
function isReplaced(name: string): boolean {
  return /^(?:content-type|etag|last-modified)$/i.test(name);
}

function survivesNginx(fields: readonly Field[]): boolean {
  const names = fields.map(([name]) => name.toLowerCase()).filter((name) => name !== 'date' && !KEPT_BY_NGINX.includes(name));
  return names.every((name, at) => READDED_FOR_NGINX.includes(name) && names.indexOf(name) === at);
}

/** The value of a field that is there just once. */
function only(fields: readonly Field[], name: string): string | undefined {
  const values = fields.filter(([n]) => n.toLowerCase() === name);
  return values.length === 1 ? values[0]?.[1] : undefined;
}
