import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { Fields } from './fields.js';
import { Sink } from './sink.js';
import { PATIENCE, within } from './wait.js';

/** One request as it goes over the wire; nothing is corrected. */
export interface RawRequest {
  /** A port of 127.0.0.1, or `{ path }` of a Unix socket. */
  readonly to: number | NetConnectOpts;
  readonly method?: string;
  /** The raw request target, Latin-1, one character a byte. */
  readonly path?: string;
  readonly version?: string;
  /** Host and `Connection: close` are added unless said otherwise; null leaves one out. Latin-1. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Verbatim header lines after all others, without CRLF. */
  readonly lines?: readonly string[];
  readonly body?: Buffer | string;
  /** Sees each piece of the answer's body with its offset; what it throws makes `done` reject. */
  readonly check?: (chunk: Buffer, offset: number) => void;
}

/** The header of an answer. */
export interface Head {
  readonly status: number;
  readonly reason: string;
  /** As they came, without CRLF, the status line first. */
  readonly lines: readonly string[];
  readonly headers: Fields;
  /** Status codes of 1xx answers before it. */
  readonly interim: readonly number[];
}

/** A whole answer, or what came of it. */
export interface RawAnswer extends Head {
  readonly body: Buffer;
  readonly length: number;
  readonly sha256: string;
  readonly trailers: readonly string[];
  /** How the end of the body is known. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** False if it was cut: fewer bytes than Content-Length, no last chunk, a reset. */
  readonly complete: boolean;
  /** The error of the connection (ECONNRESET), if there was one. */
  readonly error: NodeJS.ErrnoException | undefined;
}

/** Bytes that came on a connection, taken line by line or by count. */
class Reader {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #ended = false;
  error: NodeJS.ErrnoException | undefined;
  #wake: (() => void) | undefined;
  paused = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#pending = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data]);
      // One piece at a time, so that a reader who pauses really stops reading.
      socket.pause();
      this.#wake?.();
    });
    const end = (error?: NodeJS.ErrnoException): void => {
      this.error ??= error instanceof Error ? error : undefined;
      this.#ended = true;
      this.#wake?.();
    };
    socket.once('end', () => end());
    socket.once('close', () => end());
    socket.on('error', end);
  }

  wake(): void {
    this.#wake?.();
  }

  /** Waits for more bytes; false at the end. */
  async #more(): Promise<boolean> {
    do {
      if (this.#ended) return false;
      if (!this.paused) this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    } while (this.paused);
    return true;
  }

  /** A line without its CRLF; undefined if the connection ends before. */
  async line(): Promise<string | undefined> {
    let end;
    while ((end = this.#pending.indexOf('\r\n')) < 0) {
      const before = this.#pending.length;
      if (!(await this.#more()) && this.#pending.length === before) return undefined;
    }
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  /** Some bytes, at most `most`; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#pending.length === 0 || this.paused) {
      if (await this.#more()) continue;
      if (this.#pending.length === 0) return undefined;
      break;
    }
    const bytes = this.#pending.subarray(0, most);
    this.#pending = this.#pending.subarray(bytes.length);
    return bytes;
  }
}

/** A request on its way: its answer can be watched, paused, left. */
export class Exchange {
  readonly socket: Socket;
  /** The body so far. */
  readonly sink: Sink;
  /** Resolves with the header; rejects if none comes. */
  readonly head: Promise<Head>;
  /** Resolves when the answer ended, in whatever way. Rejects if no header came or `check` threw. */
  readonly done: Promise<RawAnswer>;
  readonly #reader: Reader;
  readonly #method: string;

  constructor(request: RawRequest) {
    const { to, method = 'GET', path = '/', version = 'HTTP/1.1' } = request;
    this.#method = method;
    const target = typeof to === 'number' ? { host: '127.0.0.1', port: to } : to;
    this.socket = connect(target);
    this.#reader = new Reader(this.socket);
    this.sink = new Sink(request.check);
    const fields: Record<string, string | null> = {
      Host: typeof to === 'number' ? `127.0.0.1:${to}` : 'localhost',
      Connection: 'close',
      ...(request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) }),
      ...request.headers,
    };
    const lines = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
    this.socket.write([`${method} ${path} ${version}`, ...lines, ...(request.lines ?? []), '', ''].join('\r\n'), 'latin1');
    if (request.body !== undefined) this.socket.write(request.body);
    this.head = this.#readHead();
    this.done = this.#readAll();
    // Whoever wants to know awaits them; a test that only leaves doesn't.
    this.head.catch(() => undefined);
    this.done.catch(() => undefined);
  }

  /** Resolves when so many bytes of the body have come. */
  async waitForBody(length: number, timeout?: number): Promise<void> {
    await this.sink.waitFor(length, timeout);
  }

  /** Stops reading: the peer's buffers fill up. */
  pause(): void {
    this.#reader.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.#reader.paused = false;
    this.#reader.wake();
    this.socket.resume();
  }

  /** The client leaves: with a reset, or by closing. */
  leave(how: 'reset' | 'close' = 'reset'): void {
    if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  async #readHead(): Promise<Head> {
    const interim: number[] = [];
    for (;;) {
      const lines: string[] = [];
      for (;;) {
        const line = await this.#reader.line();
        if (line === undefined) {
          const got = lines.length === 0 ? 'nothing' : JSON.stringify(lines);
          throw new Error(`the connection ended before the answer's header was complete (${this.#reader.error?.code ?? 'closed'}); came: ${got}`);
        }
        if (line === '') break;
        lines.push(line);
      }
      const [, status = '0', reason = ''] = /^HTTP\/\d\.\d (\d{3})(?: (.*))?$/.exec(lines[0] ?? '') ?? [];
      if (status.startsWith('1') && status !== '101') interim.push(Number(status));
      else return { status: Number(status), reason, lines, headers: Fields.parse(lines.slice(1)), interim };
    }
  }

  async #readAll(): Promise<RawAnswer> {
    const head = await this.head.catch((error: unknown) => {
      // Who waits for its body waits in vain.
      this.sink.end();
      throw error;
    });
    const { status, headers } = head;
    const trailers: string[] = [];
    let framing: RawAnswer['framing'] = 'close';
    let complete: boolean;
    if (this.#method === 'HEAD' || status === 304 || status === 204) {
      framing = 'none';
      complete = true;
    } else if (/\bchunked\b/i.test(headers.get('Transfer-Encoding') ?? '')) {
      framing = 'chunked';
      complete = await this.#readChunks(trailers);
    } else if (headers.has('Content-Length')) {
      framing = 'length';
      complete = await this.#readBytes(Number(headers.get('Content-Length')));
    } else {
      await this.#readBytes(Infinity);
      complete = this.#reader.error === undefined;
    }
    this.socket.destroy();
    this.sink.end();
    if (this.sink.fault !== undefined) throw this.sink.fault;
    const { sink } = this;
    return {
      ...head,
      // Kept only while it is small; asked for, a longer one says so.
      get body() {
        return sink.bytes;
      },
      length: sink.length,
      sha256: sink.sha256,
      trailers,
      framing,
      complete,
      error: this.#reader.error,
    };
  }

  async #readBytes(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      const bytes = await this.#reader.some(left);
      if (bytes === undefined) return false;
      left -= bytes.length;
      this.sink.push(bytes);
    }
    return true;
  }

  async #readChunks(trailers: string[]): Promise<boolean> {
    for (;;) {
      const size = Number.parseInt((await this.#reader.line()) ?? '', 16);
      if (Number.isNaN(size)) return false;
      if (size === 0) {
        for (let line = await this.#reader.line(); line !== ''; line = await this.#reader.line()) {
          if (line === undefined) return false;
          trailers.push(line);
        }
        return true;
      }
      if (!(await this.#readBytes(size)) || (await this.#reader.line()) !== '') return false;
    }
  }
}

/** Sends a request and gives the exchange, to watch the answer arrive. */
export function exchange(request: RawRequest): Exchange {
  return new Exchange(request);
}

/** Sends a request and gives its answer, complete or cut. Throws if no header came in `timeout` milliseconds. */
export async function fetchRaw({ timeout = PATIENCE * 2, ...request }: RawRequest & { readonly timeout?: number }): Promise<RawAnswer> {
  const running = exchange(request);
  try {
    return await within(running.done, () => `the answer to ${request.method ?? 'GET'} ${request.path ?? '/'}; ${running.sink.length} bytes came`, timeout);
  } finally {
    running.socket.destroy();
  }
}
