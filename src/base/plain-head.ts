import type { OnReadOpts, Socket } from 'node:net';
import { type Field, Fields } from '../http/fields.js';
import type { Answer } from './base.js';

/** A longer header isn't plain, in bytes: node:http's own limit. */
export const LONGEST = 16 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Opens a connection whose bytes go straight into a buffer: a socket as a stream costs a CGI process a millisecond to set up. */
export type Connect = (onread: OnReadOpts) => Socket;

/**
 * A HEAD whose answer is nothing but a status line and well-formed field lines, read off the socket: node:http takes a
 * CGI process 5 ms to load, a fifth of Node's own start, and this is all that a warm hit asks. Resolves with undefined
 * for anything out of the ordinary (1xx, folded lines, two lengths, no end): node:http is to ask again and to judge.
 * Rejects with the socket's error, or with `tooSlow` if there is no answer within `timeout` milliseconds.
 */
export function plainHead(connect: Connect, path: string, fields: readonly string[], timeout: number, tooSlow: () => Error): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let text = '';
    let ended = false;
    const socket = connect({
      buffer: Buffer.allocUnsafeSlow(LONGEST),
      callback: (count, buffer) => {
        if (ended) return true; // what follows a HEAD's header is nobody's
        text += (buffer as Buffer).toString('latin1', 0, count);
        const end = text.indexOf('\r\n\r\n');
        if (end >= 0 || text.length > LONGEST) settle(() => resolve(end < 0 || end > LONGEST ? undefined : parsePlain(text.slice(0, end))));
        return true;
      },
    });
    // Closing the socket takes a millisecond that the process's end doesn't.
    const settle = (how: () => void) => {
      ended = true;
      clearTimeout(timer);
      how();
    };
    const timer = setTimeout(() => settle(() => socket.destroy(tooSlow())), timeout);
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('end', () => settle(() => resolve(undefined)));
    socket.write(requestText(path, [...fields, 'Connection', 'close']), 'latin1');
  });
}

export function requestText(path: string, fields: readonly string[]): string {
  let text = `HEAD ${path} HTTP/1.1\r\n`;
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${text}\r\n`;
}

/** A header section without its last line end; undefined if it isn't plain. */
export function parsePlain(text: string): Answer | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) return undefined;
  const list: Field[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1);
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    list.push([name, withoutBlanks(value)]);
  }
  const fields = new Fields(list);
  const lengths = fields.all('content-length');
  if (lengths.length > 1 || !/^\d*$/.test(lengths[0] ?? '') || fields.has('transfer-encoding')) return undefined;
  return { status: Number(status), fields };
}

/** Optional white space around a value isn't of it (RFC 9110 §5.5); what `trim` takes for blank is more. */
function withoutBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
