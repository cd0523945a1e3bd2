import { Layout } from '../cache/layout.js';
import { noteHandover } from '../cache/retire.js';
import type { Reply } from '../gateway/reply.js';
import type { Request } from '../gateway/request.js';
import { parseHttpDate } from '../http/date.js';
import { type Field, Fields } from '../http/fields.js';
import type { Handoff, Settings } from '../settings/settings.js';

/** What nginx keeps of a script's header when it sends a file instead (Date is its own), and what it must be set up to add again. */
const WITH_NGINX = /^(?:cache-control|content-disposition|content-type|date|expires|age|cache-status|etag|last-modified|via)$/i;

/** What a local redirect gives the client as the server sees it in the file. */
const REPLACED = /^(?:content-type|etag|last-modified)$/i;

/** How those travel: the configuration of `offload site` gives them their names back. */
export const PRIVATE_PREFIX = 'X-Offload-';

/** Well-formed entity-tags. */
const TAGS = /^(?:(?:W\/)?"[^"]*"(?:\s*,\s*|$))+$/;

/** Whether Apache and lighttpd both take a path as it is in X-Sendfile: only one of them decodes %20. */
export function canBeNamed(path: string): boolean {
  return /^[\w/.,~@=:-]+$/.test(path);
}

/**
 * The reply that names the complete object to the web server, which then sends it; or the reply itself, where there is no
 * such object, or this program answers what that server would answer otherwise. The client sees the same.
 */
export function handOver(request: Request, reply: Reply, handoff: Handoff, { cacheDir }: Pick<Settings, 'cacheDir'>): Reply {
  const path = reply.body.kind === 'file' ? reply.body.source.path : undefined;
  if (path === undefined || !agreesWithServer(request, reply, handoff.way)) return reply;
  const layout = new Layout(cacheDir);
  const fields = headerFor(handoff, reply.fields, path, layout);
  if (fields === undefined) return reply;
  noteHandover(layout);
  return { ...reply, status: 200, fields, body: { kind: 'none' } };
}

/** Whether the server, with the whole file and our header, comes to the same status and the same bytes. */
function agreesWithServer(request: Request, { status, fields: list }: Reply, way: Handoff['way']): boolean {
  const fields = new Fields(list);
  const etag = fields.get('etag') ?? '';
  // What is missing servers make up. A tag that breaks the grammar each of them reads in its own way.
  if (!fields.has('content-type') || parseHttpDate(fields.get('last-modified')) === undefined || !TAGS.test(etag)) return false;
  const asked = (name: string) => request.field(name);
  const range = asked('range');
  const since = asked('if-modified-since');
  const noneMatch = asked('if-none-match');
  // Of LiteSpeed we only know what its documentation says.
  if (way === 'x-litespeed-location' && (range ?? since ?? noneMatch) !== undefined) return false;
  if ((asked('if-match') ?? asked('if-unmodified-since')) !== undefined) return false;
  if (since !== undefined && parseHttpDate(since) === undefined) return false;
  if (noneMatch !== undefined && !TAGS.test(noneMatch)) return false;
  if (range === undefined) return status === 200;
  return status === 206 && /^bytes=\d{0,15}-\d{0,15}$/.test(range) && (asked('if-range') ?? etag) === etag;
}

/** The header that makes the server send the file; undefined if the client would not see all of ours. */
function headerFor({ way, prefix, fields: readded }: Handoff, all: readonly Field[], path: string, layout: Layout): Field[] | undefined {
  // The server says them of what it sends; that it takes ranges only where the file is a request of its own.
  const fields = all.filter(([name]) => !/^(?:content-(?:length|range)|accept-ranges)$/i.test(name));
  if (way === 'x-sendfile') return canBeNamed(path) ? [...fields, ['Accept-Ranges', 'bytes'], ['X-Sendfile', path]] : undefined;
  const url = `${prefix}/${layout.relative(path)}`;
  if (way === 'x-litespeed-location') return [...fields, ['X-LiteSpeed-Location', url]];
  if (way === 'local-redirect') {
    return [...fields.map(([name, value]): Field => [REPLACED.test(name) ? PRIVATE_PREFIX + name : name, value]), ['Location', url]];
  }
  const names = fields.map(([name]) => name.toLowerCase());
  // Of several fields of one name it adds the first.
  const survive = names.every((name, at) => (WITH_NGINX.test(name) || readded.includes(name)) && names.indexOf(name) === at);
  return survive ? [...fields, ['X-Accel-Redirect', url]] : undefined;
}
