import { readSync } from 'node:fs';

type Environment = { readonly [name: string]: string | undefined };

/**
 * Reads the request's body (RFC 3875 §4.2), for nobody. Under Apache's mod_cgid standard input is a socket: closed with bytes
 * in it, it is reset, and a filter that has not passed our answer on yet (mod_buffer) loses it.
 */
export function discardRequestBody(env: Environment): void {
  // Apache decodes chunks: then there is no length, but an end.
  let left = Number(env['CONTENT_LENGTH'] ?? (env['HTTP_TRANSFER_ENCODING'] === undefined ? 0 : Infinity));
  if (!(left > 0)) return;
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  try {
    for (let count = 1; left > 0 && count > 0; left -= count) count = readSync(0, buffer, 0, Math.min(left, buffer.length), null);
  } catch {
    // A web server that gives none, or a client that has left.
  }
}
