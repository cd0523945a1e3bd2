import { readFileSync } from 'node:fs';
import type { Request } from '../../gateway/request.js';

type Environment = { readonly [name: string]: string | undefined };

/** The request that a web server put into the environment (RFC 3875 §4.1; REQUEST_URI and REDIRECT_* are Apache's). */
export function cgiRequest(env: Environment): Request {
  const variable = latin1Reader(env);
  return {
    // After ErrorDocument the method is GET, whatever the client's was.
    method: variable('REDIRECT_REQUEST_METHOD') ?? variable('REQUEST_METHOD') ?? 'GET',
    target: target(variable),
    field: (name) => variable(`HTTP_${name.toUpperCase().replaceAll('-', '_')}`),
    remoteAddress: variable('REMOTE_ADDR') ?? '',
  };
}

/**
 * Node decodes the environment as UTF-8 and loses bytes that aren't; URLs and ETags may hold any. Those are read from
 * the process's own memory of its start instead.
 */
function latin1Reader(env: Environment): (name: string) => string | undefined {
  let raw: Map<string, string> | undefined;
  return (name) => {
    const value = env[name];
    if (value === undefined || /^[\x00-\x7f]*$/.test(value)) return value;
    raw ??= rawEnvironment();
    return raw.get(name) ?? Buffer.from(value, 'utf8').toString('latin1');
  };
}

function rawEnvironment(): Map<string, string> {
  const raw = new Map<string, string>();
  try {
    for (const entry of readFileSync('/proc/self/environ', 'latin1').split('\0')) {
      const at = entry.indexOf('=');
      if (at > 0) raw.set(entry.slice(0, at), entry.slice(at + 1));
    }
  } catch {
    // No /proc: UTF-8 survives all the same.
  }
  return raw;
}

function target(variable: (name: string) => string | undefined): string {
  const script = variable('SCRIPT_NAME') ?? '';
  const asked = variable('REQUEST_URI');
  // An absolute URL (RFC 9112 §3.2.2) has the script's name behind its host.
  const uri = asked?.startsWith('/') === true ? asked : asked?.replace(/^https?:\/\/[^/?#]*(?=\/)/i, '');
  const query = variable('QUERY_STRING') ?? '';
  if (uri === undefined) return encodePath(variable('PATH_INFO') ?? '/') + (query === '' ? '' : `?${query}`);
  // Called by its own URL (/cgi-bin/offload.cgi/file.zip) the script's name is not a part of the base's. nginx's usual
  // parameters call the whole path the script's name, and have no PATH_INFO.
  const info = variable('PATH_INFO') ?? '';
  const own = script !== '' && info !== '' && uri.startsWith(`${script}/`);
  const path = own ? uri.slice(script.length) : uri;
  return variable('SERVER_SOFTWARE')?.startsWith('busybox') === true ? busyboxTarget(path, query, info) : path;
}

/** busybox's REQUEST_URI is decoded and without its query; of an empty query it keeps the question mark. */
function busyboxTarget(path: string, query: string, info: string): string {
  const empty = query === '' && path.endsWith('?') && !info.endsWith('?');
  return empty ? `${encodePath(path.slice(0, -1))}?` : encodePath(path) + (query === '' ? '' : `?${query}`);
}

/** Back into URL form: what may stand in a path stands, all other bytes are percent-encoded (RFC 3986 §3.3). */
function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
