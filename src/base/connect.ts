import type { Agent, RequestOptions } from 'node:http';
import type { OnReadOpts, Socket } from 'node:net';
import type { Settings } from '../settings/settings.js';

export type ConnectSettings = Pick<Settings, 'base' | 'baseAddress'>;

/**
 * How `node:http` gets its connection to the base: a plain socket for each request (the cheapest start for a CGI), or
 * from a pool of kept ones. Nothing of the environment (HTTP_PROXY) is looked at.
 */
export function connector(settings: ConnectSettings, keepAlive: boolean): () => RequestOptions {
  const createConnection = () => connect(settings);
  // Without an agent node:http says `Connection: close`.
  if (!keepAlive) return () => ({ createConnection });
  let agent: Agent | undefined;
  return () => {
    if (agent === undefined) {
      const http = require('node:http') as typeof import('node:http');
      agent = Object.assign(new http.Agent({ keepAlive: true, scheduling: 'lifo' }), { createConnection });
    }
    return { agent };
  };
}

/** A connection of its own; what comes is a stream, or goes to `onread`. */
export function connect({ base, baseAddress }: ConnectSettings, onread?: OnReadOpts): Socket {
  const host = baseAddress?.host ?? base.host;
  const port = baseAddress?.port ?? base.port;
  const to = onread === undefined ? { host, port } : { host, port, onread };
  if (!base.secure) {
    const net = require('node:net') as typeof import('node:net');
    return net.connect(to);
  }
  const tls = require('node:tls') as typeof import('node:tls');
  const net = require('node:net') as typeof import('node:net');
  return tls.connect({
    ...to,
    // SNI and the certificate's name follow OffloadBase even when OffloadBaseAddress says where to connect.
    servername: net.isIP(base.host) === 0 ? base.host : '',
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(base.host, certificate),
    ALPNProtocols: ['http/1.1'],
    // NODE_TLS_REJECT_UNAUTHORIZED=0 would be believed otherwise.
    rejectUnauthorized: true,
  });
}
