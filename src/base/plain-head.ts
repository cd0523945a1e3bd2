import type { Socket } from 'node:net';
import { type Field, Fields } from '../http/fields.js';
import type { Answer } from './base.js';

/** A longer header isn't plain, in bytes: node:http's own limit. */
const LONGEST = 16 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * A HEAD whose answer is nothing but a status line and well-formed field lines, read off the socket: node:http takes a
 * CGI process 5 ms to load, a fifth of Node's own start, and this is all that a warm hit asks. Resolves with undefined
 * for anything out of the ordinary (1xx, folded lines, two lengths, no end): node:http is to ask again and to judge.
 * Rejects with the socket's error.
 */
export function plainHead(socket: Socket, path: string, fields: readonly string[]): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('end', () => resolve(undefined));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      if (end < 0 && text.length <= LONGEST) return;
      resolve(end < 0 || end > LONGEST ? undefined : parsePlain(text.slice(0, end)));
      // What follows a HEAD's header is nobody's; closing a socket takes a millisecond that the process's end doesn't.
      socket.removeAllListeners('data').resume();
    });
    socket.write(requestText(path, fields), 'latin1');
  });
}

function requestText(path: string, fields: readonly string[]): string {
  let text = `HEAD ${path} HTTP/1.1\r\n`;
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${text}Connection: close\r\n\r\n`;
}

/** A header section without its last line end; undefined if it isn't plain. */
function parsePlain(text: string): Answer | undefined {
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
