/** Parsers of values: text in, checked value out, `BadValue` for what a person must correct. */
import { BadValue } from './bad-value';
import { absolute } from './path';
import type { Address, Handoff, Listen, Origin, Space } from './settings';

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest wait that Node's timers can do is 2^31 - 1 ms; a longer one would end at once. */
const LONGEST_WAIT = 24 * 86_400_000;
const BASE_EXAMPLE = 'https://www.example.org';

/** NaN if it isn't only digits. */
function digits(text: string | undefined): number {
  return /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN;
}

/** @throws BadValue for NaN, and for a number that can't be told from the next one */
function exact(number: number, wrong: string, right: string): number {
  if (!Number.isSafeInteger(number)) throw new BadValue(wrong, right);
  return number;
}

function isNone(text: string): boolean {
  return text.toLowerCase() === 'none';
}

/** A whole number from 0 up. */
export function wholeNumber(text: string): number {
  return exact(digits(text), 'not a whole number', 'one like 0 or 4');
}

/** A duration in milliseconds: `500ms`, `45s`, `10m`, `2h`, `1d`, `0`. */
export function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d+)(ms|[smhd])$/.exec(text) ?? ['', text === '0' ? text : ''];
  return exact(digits(number) * MILLISECONDS[unit]!, 'not a duration', 'one like 500ms, 45s, 10m, 2h or 1d');
}

/** A duration that a timer can wait for, in milliseconds. */
export function waitingTime(text: string): number {
  const time = duration(text);
  if (time < 1 || time > LONGEST_WAIT) throw new BadValue('out of range', 'one from 1ms to 24d');
  return time;
}

/** `5%` of a file system, or bytes in powers of 1024: `500M`, `2G`. */
export function sizeOrShare(text: string): Space {
  const [, percent] = /^(\d\d?)%$/.exec(text) ?? [];
  if (percent !== undefined) return { share: Number(percent) / 100 };
  const [, number, unit = ''] = /^(\d+)([KMGT]?)$/i.exec(text) ?? [];
  const bytes = digits(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  return { bytes: exact(bytes, 'not a size', 'one like 5% (at most 99%), 500M, 2G or 1T') };
}

/** The same; `none` is undefined. */
export function limit(text: string): Space | undefined {
  return isNone(text) ? undefined : sizeOrShare(text);
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
  if (isNone(text)) return undefined;
  const [word = '', path = '', ...names] = text.split(/[ \t]+/);
  const way = WAYS.find((name) => name === word.toLowerCase());
  const prefix = path.replace(/\/$/, '');
  // A path that no server decodes, matches or escapes in a way of its own.
  const good = way === 'x-sendfile' ? path === '' : /^(?:\/\.?[\w~-][\w.~-]*)+$/.test(prefix);
  const fields = names.map((name) => name.toLowerCase());
  if (way !== undefined && good && fields.every((name) => /^[\w-]+$/.test(name))) return { way, prefix, fields };
  throw new BadValue('unknown', 'none, x-sendfile, or a way and a URL path like x-accel-redirect /.offload');
}

/** An absolute path of a file; `none` is undefined. */
export function file(text: string): string | undefined {
  return isNone(text) ? undefined : absolute(text, '/var/log/offload/access.log');
}

/** The origin of the base (RFC 6454): scheme, name or address, port, and nothing else. */
export function origin(text: string): Origin {
  if (text.includes('@')) throw new BadValue('has a user name or password (@)', `only scheme and server, like ${BASE_EXAMPLE}`);
  const match = /^(.*?):\/\/([^/?#\\]*)(.*)$/s.exec(text);
  if (match === null) throw new BadValue('no scheme', `${originOf('https', text)} or ${originOf('http', text)}`);
  const [, written = '', server = '', after = ''] = match;
  const scheme = written.toLowerCase();
  const usual = { http: 80, https: 443 }[scheme];
  if (usual === undefined) throw new BadValue('neither http nor https', `one like ${BASE_EXAMPLE}`);
  if (after !== '' && after !== '/') {
    const part = { '?': 'query', '#': 'fragment' }[after[0]!] ?? 'path';
    throw new BadValue(`has a ${part}, but every URL is asked of the base as it is here`, `only ${originOf(scheme, server)}`);
  }
  const { host, port = usual } = hostAndPort(ascii(server), BASE_EXAMPLE);
  const name = host.includes(':') ? `[${host}]` : host;
  const authority = port === usual ? name : `${name}:${port}`;
  return { secure: scheme === 'https', host, port, authority, href: `${scheme}://${authority}` };
}

/** For a message: the origin with this server, if that can stand in a message at all. */
function originOf(scheme: string, server: string): string {
  return `${scheme}://${/^[\w.:[\]-]+$/.test(server) ? server : 'www.example.org'}`;
}

/** A name with letters beyond ASCII in the form that DNS and `Host` have for it (`xn--…`). */
function ascii(server: string): string {
  const url = `http://${server}`;
  return /[^\0-\x7f]/.test(server) && URL.canParse(url) ? new URL(url).host : server;
}

/** A host name or an IP address, with or without a port; `none` is undefined. */
export function address(text: string): Address | undefined {
  if (isNone(text)) return undefined;
  return hostAndPort(isIPv6(text) ? `[${text}]` : text, '192.0.2.7, [2001:db8::7]:8080 or base.internal:8080');
}

/** `host:port`, `[::1]:8080`, `:8080` or `*:8080` (every address), `unix:/path`. */
export function listen(text: string): Listen {
  const example = '127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/offload.sock';
  const [, path] = /^unix:(.*)/s.exec(text) ?? [];
  if (path !== undefined) {
    absolute(path, example);
    return { path };
  }
  const [, everywhere] = /^\*?:(.*)/s.exec(text) ?? [];
  if (everywhere !== undefined) return { host: '', port: portNumber(everywhere, 0, example) };
  const { host, port } = hostAndPort(text, example, 0);
  if (port === undefined) throw new BadValue('no port', `one like ${example}`);
  return { host, port };
}

/** IP addresses and CIDR blocks between blanks or commas, as they were written; `none` is an empty list. */
export function addressBlocks(text: string): readonly string[] {
  if (isNone(text)) return [];
  const blocks = text.split(/[ \t,]+/).filter((block) => block !== '');
  const bad = blocks.find((block) => !isAddressBlock(block));
  if (bad !== undefined || blocks.length === 0) {
    const what = bad === undefined || bad === text ? '' : `${bad.slice(0, 60).replaceAll(/[^!-~]/g, '?')} is `;
    throw new BadValue(`${what}not an IP address or CIDR block`, 'one like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32');
  }
  return blocks;
}

function isAddressBlock(text: string): boolean {
  const [, ip = '', length = '0'] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  return digits(length) <= (isIPv4(ip) ? 32 : isIPv6(ip) ? 128 : -1);
}

/** No zero in front of a part: some programs take that for octal. */
function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

function isIPv6(text: string): boolean {
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
}

/** Throws `BadValue` that ends with the example. A bare IPv6 address must stand in brackets. */
function hostAndPort(text: string, example: string, leastPort = 1): Address {
  const [, ip, name = '', port] = /^(?:\[(.*)\]|([^:]*))(?::(.*))?$/s.exec(text.toLowerCase()) ?? [];
  if (!(ip === undefined ? isHostName(name) : isIPv6(ip))) throw new BadValue('not a host name or IP address', `one like ${example}`);
  return { host: ip ?? name, port: port === undefined ? undefined : portNumber(port, leastPort, example) };
}

function portNumber(text: string, least: number, example: string): number {
  const port = digits(text);
  if (!(port >= least && port <= 65_535)) throw new BadValue(`not a port from ${least} to 65535`, `one like ${example}`);
  return port;
}

/** A host name in small letters. Underscores are none of RFC 1123's, but names in private networks have them. */
function isHostName(text: string): boolean {
  const name = text.replace(/\.$/, '');
  // What ends in a number is an address, or nothing (the URL standard says the same).
  return name.length <= 253 && /^(?!-)[\w-]+(?:\.[\w-]+)*$/.test(name) && (!/(?:^|\.)\d+$/.test(name) || isIPv4(text));
}
