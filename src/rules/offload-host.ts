import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { Problem } from '../cli/problem.js';

/** A server that takes load: the target of redirects. */
export interface OffloadHost {
  /** Scheme, authority and prefix, without a slash at the end: put before the client's raw path. */
  readonly href: string;
  /** Name or address, without brackets and port. */
  readonly name: string;
  readonly weight: number;
  /** Addresses it asks the base from: given with `address=`, or looked up. */
  readonly addresses: readonly string[];
}

const SYNTAX = 'write NAME, NAME:PORT, [IPv6]:PORT or https://NAME:PORT/PREFIX';
const MAX_WEIGHT = 1000;

/**
 * Reads the words of an `OffloadHost` directive: the host, then `weight=N` (0 to 1000) and `address=IP` in any order.
 * @throws {Problem} at `where` if the first is no host or another word isn't known.
 */
export function parseOffloadHost([text = '', ...options]: readonly string[], where: string): OffloadHost {
  const { href, name } = parseTarget(text, where);
  let weight = 1;
  const addresses: string[] = isIP(name) ? [name] : [];
  for (const option of options) {
    const [key, value = ''] = option.split(/=(.*)/s);
    if (key?.toLowerCase() === 'weight') weight = parseWeight(value, where);
    else if (key?.toLowerCase() === 'address' && isIP(value)) addresses.push(value);
    else throw new Problem(where, `OffloadHost ${text} "${option}": unknown; use weight=N or address=IP after the host`);
  }
  return { href, name, weight, addresses };
}

function parseWeight(value: string, where: string): number {
  const weight = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  if (weight <= MAX_WEIGHT) return weight;
  throw new Problem(where, `OffloadHost weight=${value}: must be a whole number from 0 (takes nothing) to ${MAX_WEIGHT}`);
}

function parseTarget(text: string, where: string): { href: string; name: string } {
  const refuse = (why: string): Problem => new Problem(where, `OffloadHost "${text}": ${why}; ${SYNTAX}`);
  if (isIPv6(text) && !text.includes('%')) return { href: `http://[${text.toLowerCase()}]`, name: text.toLowerCase() };
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^:/?#@[\]]*)(?::(\d*))?(\/[^?#]*)?$/i.exec(text);
  if (!match) throw refuse('is no host');
  const [, scheme = 'http', host = '', port, prefix = ''] = match;
  const secure = scheme.toLowerCase() === 'https';
  if (!secure && scheme.toLowerCase() !== 'http') throw refuse(`${scheme} is neither http nor https`);
  const name = nameOf(host);
  if (name === undefined) throw refuse(host === '' ? 'has no name' : `"${host}" is neither a name nor an address`);
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) throw refuse('the port must be 1 to 65535');
  const usualPort = port === undefined || Number(port) === (secure ? 443 : 80);
  const authority = (isIPv6(name) ? `[${name}]` : name) + (usualPort ? '' : `:${Number(port)}`);
  return { href: `${secure ? 'https' : 'http'}://${authority}${prefixOf(prefix, refuse)}`, name };
}

/** The name in lower case and ASCII, or the address; undefined if it is neither. */
function nameOf(host: string): string | undefined {
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1)) && !host.includes('%') ? host.slice(1, -1).toLowerCase() : undefined;
  const name = domainToASCII(Buffer.from(host, 'latin1').toString('utf8')).toLowerCase();
  if (isIP(name)) return host === name ? name : undefined; // "1" and "0x7f.1" are addresses only to some
  const labels = name.replace(/\.$/, '').split('.');
  const wellFormed = labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  return wellFormed && name.length <= 253 && !/^[\d.]+$/.test(name) ? name : undefined;
}

function prefixOf(prefix: string, refuse: (why: string) => Problem): string {
  const path = prefix.replace(/\/+$/, '');
  if (!/^(?:\/[\w.~-]+)*$/.test(path) || /\/\.{1,2}(?:\/|$)/.test(path)) {
    throw refuse('the prefix may hold letters, digits, ".", "_", "~" and "-" between single slashes');
  }
  return path;
}
