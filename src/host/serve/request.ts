import type { IncomingMessage } from 'node:http';
import { UNIX_PEER } from '../../gateway/client-address.js';
import type { Request } from '../../gateway/request.js';
import { Fields } from '../../http/fields.js';

/** A message of the built-in server. Its strings are Latin-1 already. */
export function serveRequest(message: IncomingMessage): Request {
  const fields = Fields.fromRaw(message.rawHeaders);
  return {
    method: message.method ?? 'GET',
    target: message.url ?? '/',
    field: (name) => fields.get(name),
    remoteAddress: message.socket.remoteAddress ?? UNIX_PEER,
  };
}
