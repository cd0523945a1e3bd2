/**
 * Parsers of values: text in, checked value out, `BadValue` for what a person must correct.
 * They run for every request, so the usual values meet no regular expression and no `URL`.
 */
import { isAbsolute, resolve } from 'node:path';
import type { Address, Handoff, Listen, Origin, Space } from './settings';

/** What is wrong with a value and what would be right; the loader puts in front where it stood. */
export class BadValue extends Error {
  constructor(wrong: string, right: string) {
    super(`${wrong}; write ${right}`);
  }
}

const MILLISECONDS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const BYTES = /* @__PURE__ */ new Map([
  ['', 1],
  ['K', 1024],
  ['M', 1024 ** 2],
  ['G', 1024 ** 3],
  ['T', 1024 ** 4],
]);

/** The longest wait that Node's timers can do is 2^31 - 1 ms; a longer one would end at once. */
const LONGEST_WAIT = 24 * 86_400_000;
const BASE_EXAMPLE = 'https://www.example.org';

/** Takes `45s` apart into 45 and `s`; NaN without leading digits. */
function takeNumber(text: string): [number, string] {
  let end = 0;
  while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
  return [end === 0 ? Number.NaN : Number(text.slice(0, end)), text.slice(end)];
}

/** A whole number from 0 up. */
export function wholeNumber(text: string): number {
  const [number, rest] = takeNumber(text);
  if (rest !== '' || !Number.isSafeInteger(number)) throw new BadValue('not a whole number', 'one like 0 or 4');
  return number;
}

/** A duration in milliseconds: `500ms`, `45s`, `10m`, `2h`, `1d`, `0`. */
export function duration(text: string): number {
  const [number, unit] = takeNumber(text);
  const factor = number === 0 && unit === '' ? 1 : MILLISECONDS.get(unit);
  if (factor === undefined || Number.isNaN(number)) {
    throw new BadValue('not a duration', 'a number with ms, s, m, h or d, like 45s');
  }
  if (!Number.isSafeInteger(number * factor)) throw new BadValue('too long', 'a shorter duration, like 1d');
  return number * factor;
}

/** A duration that a timer can wait for, in milliseconds. */
export function waitingTime(text: string): number {
  const time = duration(text);
  if (time < 1 || time > LONGEST_WAIT) throw new BadValue('out of range', 'a duration from 1ms to 24d, like 45s');
  return time;
}

/** `5%` of a file system, or bytes in powers of 1024: `500M`, `2G`. */
export function sizeOrShare(text: string): Space {
  const [number, unit] = takeNumber(text);
  if (unit === '%' && number >= 0) {
    if (number > 99) throw new BadValue('too much', '0% to 99%');
    return { share: number / 100 };
  }
  const bytes = number * (BYTES.get(unit.toUpperCase()) ?? Number.NaN);
  if (Number.isNaN(bytes)) throw new BadValue('not a size', 'a share like 5%, or a number with K, M, G or T, like 2G');
  if (!Number.isSafeInteger(bytes)) throw new BadValue('too large', 'a size like 2G');
  return { bytes };
}

/** The same; `none` is undefined. */
export function limit(text: string): Space | undefined {
  return text.toLowerCase() === 'none' ? undefined : sizeOrShare(text);
}

/** One of the given words, whatever the case of its letters. */
export function choice<const Word extends string>(...words: Word[]): (text: string) => Word {
  return (text) => {
    const chosen = words.find((word) => word === text.toLowerCase());
    if (chosen === undefined) throw new BadValue('unknown', words.join(' or '));
    return chosen;
  };
}

const onOrOff = /* @__PURE__ */ choice('on', 'off');

/** `on` is true, `off` is false. */
export function onOff(text: string): boolean {
  return onOrOff(text) === 'on';
}

const WAYS = ['x-sendfile', 'x-accel-redirect', 'x-litespeed-location', 'local-redirect'] as const;

/** `none`, or a way; the URL path that shows the cache, but for x-sendfile; and for nginx names of header fields. */
export function handoff(text: string): Handoff | undefined {
  if (text.toLowerCase() === 'none') return undefined;
  const [word = '', path = '', ...names] = text.split(/[ \t]+/);
  const way = WAYS.find((name) => name === word.toLowerCase());
  const prefix = path.endsWith('/') ? path.slice(0, -1) : path;
  // A path that no server decodes, matches or escapes in a way of its own.
  const good = way === 'x-sendfile' ? path === '' : /^(?:\/\.?[\w~-][\w.~-]*)+$/.test(prefix);
  const fields = names.map((name) => name.toLowerCase());
  if (way !== undefined && good && fields.every((name) => /^[\w-]+$/.test(name))) return { way, prefix, fields };
  throw new BadValue('unknown', 'none, x-sendfile, or a way and a URL path like x-accel-redirect /.offload');
}

/** An absolute path of a directory, without `.`, `..` and a slash at the end. */
export function directory(text: string): string {
  const example = '/var/cache/offload';
  const path = absolute(text, example);
  if (path === '/') throw new BadValue('is the root directory', `a directory of its own, like ${example}`);
  return path;
}

/** An absolute path of a file; `none` is undefined. */
export function file(text: string): string | undefined {
  return text.toLowerCase() === 'none' ? undefined : absolute(text, '/var/log/offload/access.log');
}

function absolute(text: string, example: string): string {
  if (!isAbsolute(text) || text.includes('\0')) throw new BadValue('not an absolute path', `one like ${example}`);
  return resolve(text);
}

/** The origin of the base (RFC 6454): scheme, name or address, port, and nothing else. */
export function origin(text: string): Origin {
  if (text.includes('@')) throw new BadValue('has a user name or password (@)', `only scheme and server, like ${BASE_EXAMPLE}`);
  const start = text.indexOf('://');
  if (start < 0) throw new BadValue('no scheme', `${originOf('https', text)} or ${originOf('http', text)}`);
  const scheme = text.slice(0, start).toLowerCase();
  const secure = scheme === 'https';
  if (!secure && scheme !== 'http') throw new BadValue('neither http nor https', `one like ${BASE_EXAMPLE}`);

  const rest = text.slice(start + 3);
  let end = 0;
  while (end < rest.length && !'/?#\\'.includes(rest[end]!)) end++;
  const server = rest.slice(0, end);
  const after = rest.slice(end);
  if (after !== '' && after !== '/') {
    const part = after.startsWith('?') ? 'query' : after.startsWith('#') ? 'fragment' : 'path';
    throw new BadValue(`has a ${part}, but every URL is asked of the base as it is here`, `only ${originOf(scheme, server)}`);
  }
  const { host, port } = hostAndPort(ascii(server), BASE_EXAMPLE);
  const usual = secure ? 443 : 80;
  const name = host.includes(':') ? `[${host}]` : host;
  const authority = port === undefined || port === usual ? name : `${name}:${port}`;
  return { secure, host, port: port ?? usual, authority, href: `${scheme}://${authority}` };
}

/** For a message: the origin with this server, if that can stand in a message at all. */
function originOf(scheme: string, server: string): string {
  return `${scheme}://${/^[\w.:[\]-]+$/.test(server) ? server : 'www.example.org'}`;
}

/** A name with letters beyond ASCII in the form that DNS and `Host` have for it (`xn--…`). */
function ascii(server: string): string {
  for (let i = 0; i < server.length; i++) {
    if (server.charCodeAt(i) > 127) return URL.canParse(`http://${server}`) ? new URL(`http://${server}`).host : server;
  }
  return server;
}

/** A host name or an IP address, with or without a port; `none` is undefined. */
export function address(text: string): Address | undefined {
  if (text.toLowerCase() === 'none') return undefined;
  return hostAndPort(isIPv6(text) ? `[${text}]` : text, '192.0.2.7, [2001:db8::7]:8080 or base.internal:8080');
}

/** `host:port`, `[::1]:8080`, `:8080` or `*:8080` (every address), `unix:/path`. */
export function listen(text: string): Listen {
  const example = '127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/offload.sock';
  if (text.startsWith('unix:')) {
    const path = text.slice(5);
    if (!isAbsolute(path) || path.includes('\0')) throw new BadValue('not an absolute path', `one like ${example}`);
    return { path };
  }
  if (text.startsWith(':') || text.startsWith('*:')) {
    return { host: '', port: portNumber(text.slice(text.indexOf(':') + 1), 0, example) };
  }
  const { host, port } = hostAndPort(text, example, 0);
  if (port === undefined) throw new BadValue('no port', `one like ${example}`);
  return { host, port };
}

/** IP addresses and CIDR blocks between blanks or commas, as they were written; `none` is an empty list. */
export function addressBlocks(text: string): readonly string[] {
  if (text.toLowerCase() === 'none') return [];
  const blocks = text.replaceAll(',', ' ').replaceAll('\t', ' ').split(' ').filter((block) => block !== '');
  const bad = blocks.find((block) => !isAddressBlock(block));
  if (bad !== undefined || blocks.length === 0) {
    const what = bad === undefined || bad === text ? '' : `${bad.slice(0, 60).replaceAll(/[^!-~]/g, '?')} is `;
    throw new BadValue(`${what}not an IP address or CIDR block`, 'one like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32');
  }
  return blocks;
}

function isAddressBlock(text: string): boolean {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? text : text.slice(0, slash);
  const longest = isIPv4(ip) ? 32 : isIPv6(ip) ? 128 : -1;
  if (slash < 0) return longest >= 0;
  const [length, rest] = takeNumber(text.slice(slash + 1));
  return rest === '' && length <= longest;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  // Its own text again: no sign, no zero in front, no other base.
  return parts.length === 4 && parts.every((part) => takeNumber(part)[0] <= 255 && String(Number(part)) === part);
}

function isIPv6(text: string): boolean {
  return text.includes(':') && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
}

/** Throws `BadValue` that ends with the example. A bare IPv6 address must stand in brackets. */
function hostAndPort(text: string, example: string, leastPort = 1): Address {
  const bracket = text.startsWith('[') ? text.indexOf(']') + 1 : 0;
  const colon = text.indexOf(':', bracket);
  const written = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  const host = bracket > 0 ? written.slice(1, -1) : written;
  if (!(bracket > 0 ? written.length === bracket && isIPv6(host) : isHostName(host))) {
    throw new BadValue('not a host name or IP address', `one like ${example}`);
  }
  return { host, port: colon < 0 ? undefined : portNumber(text.slice(colon + 1), leastPort, example) };
}

function portNumber(text: string, least: number, example: string): number {
  const [port, rest] = takeNumber(text);
  if (rest !== '' || !(port >= least && port <= 65_535)) {
    throw new BadValue(`not a port from ${least} to 65535`, `one like ${example}`);
  }
  return port;
}

/** A host name in small letters. Underscores are none of RFC 1123's, but names in private networks have them. */
function isHostName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!'abcdefghijklmnopqrstuvwxyz0123456789-_.'.includes(text[i]!)) return false;
  }
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '' || name.length > 253 || '-.'.includes(name[0]!) || name.includes('..')) return false;
  // What ends in a number is an address, or nothing (the URL standard says the same).
  return takeNumber(name.slice(name.lastIndexOf('.') + 1))[1] !== '' || isIPv4(text);
}
