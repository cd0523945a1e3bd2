import { listMembers } from '../http/fields.js';
import type { Request } from './request.js';

/** The peer of a Unix socket: always a proxy on this machine, and one that was let at the socket. */
export const UNIX_PEER = 'unix:';

/**
 * The client's address: the peer's, or behind a trusted proxy the last one of Forwarded (RFC 7239) or X-Forwarded-For
 * that is no trusted proxy itself. Whatever a client writes there in front of that is its own invention. So is all of the
 * field that the proxy doesn't write itself but passes on: if the two don't agree, neither is believed.
 */
export function clientAddress(request: Request, trustedProxies: readonly string[]): string {
  const peer = plain(request.remoteAddress);
  if (trustedProxies.length === 0 && peer !== UNIX_PEER) return peer;
  const trusted = matcher(trustedProxies);
  const chains = [forwardedFor(request.field('forwarded')), listMembers(request.field('x-forwarded-for'))];
  const found = new Set(chains.filter((chain) => chain.length > 0).map((chain) => lastUntrusted(peer, chain, trusted)));
  const [client = peer] = found;
  return found.size > 1 ? peer : client;
}

function lastUntrusted(peer: string, chain: readonly string[], trusted: (address: string) => boolean): string {
  let address = peer;
  for (let i = chain.length - 1; i >= 0 && trusted(address); i--) {
    const before = plain(chain[i] as string);
    if (!isAddress(before)) break;
    address = before;
  }
  return address;
}

/** Whether a peer's word is believed (OffloadTrustedProxy). */
export function isTrusted(peer: string, trustedProxies: readonly string[]): boolean {
  return peer === UNIX_PEER || (trustedProxies.length > 0 && matcher(trustedProxies)(plain(peer)));
}

function forwardedFor(forwarded: string | undefined): string[] {
  return listMembers(forwarded).map((member) => /(?:^|;)\s*for=("?)([^;"]*)\1/i.exec(member)?.[2] ?? 'unknown');
}

/** Without brackets, port, and the IPv6 form of an IPv4 address; IPv6 in its one canonical form (RFC 5952). */
function plain(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  const address = bracketed?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text);
  if (!address.includes(':') || !isAddress(address)) return address;
  const canonical = new (net().SocketAddress)({ address, family: 'ipv6' }).address;
  return canonical.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

function isAddress(text: string): boolean {
  return net().isIP(text) !== 0;
}

function matcher(blocks: readonly string[]): (address: string) => boolean {
  const { BlockList, isIP } = net();
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return (address) => {
    if (address === UNIX_PEER) return true;
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

function net(): typeof import('node:net') {
  return require('node:net') as typeof import('node:net');
}
