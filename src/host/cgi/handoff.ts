import type { Field } from '../../http/fields.js';
import type { Handoff, Settings } from '../../settings/settings.js';

type Environment = { readonly [name: string]: string | undefined };

/** How this request's object may be handed to the web server; undefined: not at all. */
export function cgiHandoff(env: Environment, nph: boolean, settings: Settings): Handoff | undefined {
  const { handoff } = settings;
  // Nobody reads an NPH script's header; and a limit can't count downloads that no process of ours runs.
  if (handoff === undefined || nph || settings.maxDupeDownloads > 0) return undefined;
  // The object that we named could not be opened; or an ErrorDocument, whose status a redirect would keep.
  if (isSecondTry(env) || /^40[34]$/.test(env['REDIRECT_STATUS'] ?? '')) return undefined;
  const server = env['SERVER_SOFTWARE'] ?? '';
  // Others would replace the ETag, or send the client our redirect.
  if (handoff.way === 'local-redirect' && !server.startsWith('Apache')) return undefined;
  if (handoff.way === 'x-litespeed-location' && !server.startsWith('LiteSpeed')) return undefined;
  return handoff;
}

/** Whether this request has been answered with a hand-over that failed, under Apache as `offload site` sets it up. */
function isSecondTry(env: Environment): boolean {
  return (env['OFFLOAD_SECOND_TRY'] ?? env['REDIRECT_OFFLOAD_SECOND_TRY']) !== undefined;
}

/** Apache still has all other fields of the first try, and would send them twice. */
export function fieldsOfThisTry(env: Environment, fields: readonly Field[]): readonly Field[] {
  if (!isSecondTry(env)) return fields;
  return fields.filter(([name]) => /^(?:content-(?:type|length|range)|etag|last-modified)$/i.test(name));
}
