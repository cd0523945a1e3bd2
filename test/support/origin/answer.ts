import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { patternBytes } from '../pattern.js';
import type { Behaviour, Body } from './behaviour.js';
import type { SeenRequest } from './request.js';

/** An answer ready to be sent. */
export interface Answer {
  readonly status: number;
  readonly head: Buffer;
  /** The part of the body that is sent: offsets in the file, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly bytes: (start: number, length: number) => Buffer;
  readonly chunked: boolean;
  readonly close: boolean;
}

export function sizeOf(body: Body): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : Buffer.isBuffer(body) ? body.length : body.size;
}

/** The strong ETag that a file has if none is said. */
export function etagOf(body: Body): string {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  }
  return `"${body.seed.toString(16)}-${body.size.toString(16)}"`;
}

export const LAST_MODIFIED = 'Tue, 01 Sep 2026 08:00:00 GMT';

function source(body: Body): Answer['bytes'] {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return (start, length) => patternBytes(body.seed, start, length);
  const bytes = Buffer.from(body);
  return (start, length) => bytes.subarray(start, start + length);
}

interface Selected {
  readonly status: number;
  readonly start: number;
  readonly end: number;
}

const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

/** The preconditions and the range of RFC 9110 §13.2.2 and §14.2; several ranges are answered with the whole. */
function select(request: SeenRequest, size: number, etag: string | null, lastModified: string | null, ignoreRange: boolean): Selected {
  const whole = { status: 200, start: 0, end: size };
  const { headers } = request;
  const none = headers.get('If-None-Match');
  const match = headers.get('If-Match');
  if (match !== undefined && match !== '*' && (etag === null || etag.startsWith('W/') || !match.split(',').some((tag) => tag.trim() === etag))) {
    return { status: 412, start: 0, end: 0 };
  }
  if (none !== undefined) {
    if (none === '*' || (etag !== null && none.split(',').some((tag) => opaque(tag) === opaque(etag)))) return { status: 304, start: 0, end: 0 };
  } else {
    const since = Date.parse(headers.get('If-Modified-Since') ?? '');
    if (lastModified !== null && Date.parse(lastModified) <= since) return { status: 304, start: 0, end: 0 };
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(headers.get('Range') ?? '');
  if (ignoreRange || request.method !== 'GET' || range === null || (range[1] === '' && range[2] === '')) return whole;
  const ifRange = headers.get('If-Range');
  if (ifRange !== undefined && ifRange !== lastModified && (ifRange !== etag || ifRange.startsWith('W/'))) return whole;
  const [, first = '', last = ''] = range;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole;
  return start >= size || (first === '' && Number(last) === 0) ? { status: 416, start: 0, end: 0 } : { status: 206, start, end };
}

class Head {
  readonly #fields = new Map<string, [name: string, value: string]>();

  set(name: string, value: string | number | null | undefined): void {
    if (value === null || value === undefined) this.#fields.delete(name.toLowerCase());
    else this.#fields.set(name.toLowerCase(), [name, String(value)]);
  }

  toBuffer(status: number, more: readonly string[], before: string): Buffer {
    const fields = [...this.#fields.values()].map(([name, value]) => `${name}: ${value}`);
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`, ...fields, ...more, '', ''];
    return Buffer.from(before + lines.join('\r\n'), 'latin1');
  }
}

/** Plans the answer to one request, from what is right and what the behaviour changes of it. */
export function answerTo(request: SeenRequest, behaviour: Behaviour & { readonly body: Body }): Answer {
  const given = behaviour.status ?? 200;
  const isFile = given === 200 || given === 206;
  const text = `${given} ${STATUS_CODES[given] ?? ''}\n`;
  const body = isFile || (given >= 200 && given < 300) ? behaviour.body : (behaviour.message ?? text);
  const size = sizeOf(body);
  const etag = behaviour.etag === undefined && isFile ? etagOf(body) : (behaviour.etag ?? null);
  const lastModified = behaviour.lastModified === undefined && isFile ? LAST_MODIFIED : (behaviour.lastModified ?? null);

  let { status, start, end } = isFile
    ? select(request, size, etag, lastModified, behaviour.ignoreRange ?? false)
    : { status: given, start: 0, end: size };
  if (given === 206) status = 206;
  if (status === 206 && behaviour.partial !== undefined) ({ start = start, end = end } = behaviour.partial);

  const bodyless = status === 304 || status === 204 || status < 200;
  const chunked = behaviour.chunked === true && !bodyless;
  const unframed = behaviour.contentLength === null && !chunked && !bodyless;
  const lengthIsWrong = behaviour.contentLength !== undefined && Number(behaviour.contentLength) !== end - start;
  const sends = !bodyless && (request.method !== 'HEAD' || behaviour.bodyOnHead === true);
  const close =
    !(behaviour.keepAlive ?? true) ||
    request.version !== 'HTTP/1.1' ||
    /\bclose\b/i.test(request.headers.get('Connection') ?? '') ||
    (sends && (unframed || lengthIsWrong || request.method === 'HEAD')) ||
    behaviour.rawHead !== undefined;

  const head = new Head();
  head.set('Date', new Date().toUTCString());
  head.set('Server', 'scripted-origin');
  head.set('ETag', etag);
  head.set('Last-Modified', lastModified);
  if (isFile) head.set('Accept-Ranges', 'bytes');
  if (status !== 304) head.set('Content-Type', isFile ? 'application/octet-stream' : 'text/plain');
  if (status === 416) head.set('Content-Range', `bytes */${size}`);
  if (status === 206) head.set('Content-Range', behaviour.partial?.contentRange ?? `bytes ${start}-${end - 1}/${size}`);
  if (chunked) head.set('Transfer-Encoding', 'chunked');
  else if (!bodyless && behaviour.contentLength !== null) head.set('Content-Length', behaviour.contentLength ?? end - start);
  if (close) head.set('Connection', 'close');
  for (const [name, value] of Object.entries(behaviour.headers ?? {})) head.set(name, value);

  return {
    status,
    head:
      behaviour.rawHead === undefined
        ? head.toBuffer(status, behaviour.lines ?? [], behaviour.before ?? '')
        : Buffer.from((behaviour.before ?? '') + behaviour.rawHead, 'latin1'),
    start,
    end: sends ? end : start,
    bytes: source(body),
    chunked: chunked && sends,
    close,
  };
}
