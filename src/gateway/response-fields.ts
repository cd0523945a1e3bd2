import { type Field, type Fields, listMembers } from '../http/fields.js';

/** What we call ourselves in Via (RFC 9110 §7.6.3) and Cache-Status (RFC 9211 §2). */
export const PSEUDONYM = 'offload';

/** What is about one connection, about the message's framing, or what we say ourselves. */
const NOT_PASSED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'accept-ranges',
  'age',
  'cache-status',
  'content-length',
  'content-range',
  'date',
  'server',
  'via',
  // About the base's host or its sessions, not about the file.
  'alt-svc',
  'clear-site-data',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'www-authenticate',
  // A CGI's words to its web server: a base must not speak to that one through us.
  'status',
  'location',
  'script-control',
]);

/** More of a CGI's words to its web server. */
const FOR_SERVERS = /^x-(?:accel|lighttpd|litespeed|offload|reproxy|send-?file)/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The base's end-to-end fields (RFC 9110 §7.6.1), for a client. */
export function endToEnd(fields: Fields): Field[] {
  const named = new Set(listMembers(fields.get('connection')).map((name) => name.toLowerCase()));
  return fields.list.filter(([name, value]) => {
    const lower = name.toLowerCase();
    return !NOT_PASSED.has(lower) && !FOR_SERVERS.test(lower) && !named.has(lower) && TOKEN.test(name) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
  });
}

/** The end-to-end fields of an answer without a body worth passing: nothing about a representation. */
export function withoutContent(fields: Fields): Field[] {
  return endToEnd(fields).filter(([name]) => !/^(?:content-(?!security-policy)|etag$|last-modified$)/i.test(name));
}

const IN_304 = /^(?:cache-control|content-location|etag|expires|last-modified|vary|access-control-.*|cross-origin-.*)$/i;

/** What a 304 carries (RFC 9110 §15.4.5); and what lets a script of another origin see it, which is asked of a 304 anew. */
export function notModifiedFields(fields: Fields): Field[] {
  return endToEnd(fields).filter(([name]) => IN_304.test(name));
}

/** For a part of the body: a digest of the whole message content (RFC 9530 §2) is none of the part's. */
export function partFields(fields: Fields): Field[] {
  return endToEnd(fields).filter(([name]) => !/^content-(?:digest|md5)$/i.test(name));
}

/** Via (RFC 9110 §7.6.3): the base's own, then us. */
export function viaField(fields?: Fields): Field {
  return ['Via', [...(fields?.all('via') ?? []), `1.1 ${PSEUDONYM}`].join(', ')];
}
