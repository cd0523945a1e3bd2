import type { Reply } from '../../gateway/reply.js';
import type { Request } from '../../gateway/request.js';
import type { Handoff, Settings } from '../../settings/settings.js';
import { handOver } from '../handoff.js';

const ONLY_UNDER: { readonly [way: string]: string } = { 'local-redirect': 'Apache', 'x-litespeed-location': 'LiteSpeed' };

type Environment = { readonly [name: string]: string | undefined };

/** What this script sends: the reply, or one that names its object to the web server (OffloadHandoff). */
export function toServer(env: Environment, nph: boolean, settings: Settings, request: Request, reply: Reply): Reply {
  if (isSecondTry(env)) return withFieldsOfThisTry(reply);
  const handoff = wayOf(env, nph, settings);
  return handoff === undefined ? reply : handOver(request, reply, handoff, settings);
}

/** How this request's object may be handed to the web server; undefined: not at all. */
function wayOf(env: Environment, nph: boolean, { handoff, maxDupeDownloads }: Settings): Handoff | undefined {
  // Nobody reads an NPH script's header; and a limit can't count downloads that no process of ours runs.
  if (handoff === undefined || nph || maxDupeDownloads > 0) return undefined;
  // An ErrorDocument: the object that we named could not be opened (lighttpd), or a status that a redirect would keep (Apache).
  if (/^40[34]$/.test(env['REDIRECT_STATUS'] ?? '')) return undefined;
  // lighttpd gives HTTP/1.0 no ranges.
  if (env['HTTP_RANGE'] !== undefined && env['SERVER_PROTOCOL'] === 'HTTP/1.0') return undefined;
  // Others would replace the ETag, or send the client our redirect.
  const only = ONLY_UNDER[handoff.way];
  if (only !== undefined && env['SERVER_SOFTWARE']?.startsWith(only) !== true) return undefined;
  return handoff;
}

/** Whether this request has been answered with a hand-over that failed, under Apache as `offload site` sets it up. */
function isSecondTry(env: Environment): boolean {
  return (env['OFFLOAD_SECOND_TRY'] ?? env['REDIRECT_OFFLOAD_SECOND_TRY']) !== undefined;
}

/** Apache still has all other fields of the first try, and would send them twice. */
function withFieldsOfThisTry(reply: Reply): Reply {
  const fields = reply.fields.filter(([name]) => /^(?:content-(?:type|length|range)|etag|last-modified)$/i.test(name));
  return { ...reply, fields };
}
