import { connect, type Socket } from 'node:net';

/** One answer, in milliseconds since the client began to connect. */
export interface Answer {
  readonly status: number;
  readonly header: string;
  /** The first byte of the body; NaN if there was none. */
  readonly firstByte: number;
  /** The last byte. */
  readonly total: number;
  /** Of the body. */
  readonly bytes: number;
  /** As many as announced, and those that were expected. */
  readonly right: boolean;
}

/** What a client reads at once, in bytes: 50 clients at full speed must not keep the machine busy by themselves. */
const BUFFER = 256 * 1024;
/** Longer than any contender takes, in milliseconds. */
const PATIENCE = 180_000;

/**
 * GETs a file over a connection of its own and compares each byte with `expected`. Its memory is that of one buffer,
 * however many there are. Never rejects: a broken answer is one that isn't right.
 */
export function get(port: number, path: string, expected: Buffer): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve) => {
    const reader = new Reader(expected, began);
    const buffer = Buffer.allocUnsafeSlow(BUFFER);
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer,
        callback: (count) => {
          if (reader.take(buffer.subarray(0, count))) socket.destroy();
          return true;
        },
      },
    });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(reader.answer()));
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n`));
  });
}

/** One answer as it arrives. */
class Reader {
  #header = '';
  #inBody = false;
  #chunked: Buffer[] | undefined;
  #bytes = 0;
  #same = true;
  #firstByte = Number.NaN;
  #last = Number.NaN;

  constructor(
    private readonly expected: Buffer,
    private readonly began: number,
  ) {}

  /** True when all announced bytes are here. */
  take(chunk: Buffer): boolean {
    this.#last = performance.now();
    let body = chunk;
    if (!this.#inBody) {
      const before = this.#header.length;
      this.#header += chunk.toString('latin1');
      const end = this.#header.indexOf('\r\n\r\n');
      if (end < 0) return false;
      this.#inBody = true;
      body = chunk.subarray(end + 4 - before);
      this.#header = this.#header.slice(0, end);
      if (/^transfer-encoding: *chunked/im.test(this.#header)) this.#chunked = [];
    }
    if (body.length === 0) return false;
    if (Number.isNaN(this.#firstByte)) this.#firstByte = this.#last;
    if (this.#chunked !== undefined) {
      // Rare (a front without Content-Length): put together at the end.
      this.#chunked.push(Buffer.from(body));
      return body.toString('latin1').endsWith('0\r\n\r\n');
    }
    this.#compare(body);
    return this.#bytes >= this.expected.length;
  }

  answer(): Answer {
    if (this.#chunked !== undefined) this.#compare(unchunked(Buffer.concat(this.#chunked)));
    const right = this.#same && this.#bytes === this.expected.length;
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(this.#header)?.[1] ?? 0);
    return { status, header: this.#header, firstByte: this.#firstByte - this.began, total: this.#last - this.began, bytes: this.#bytes, right };
  }

  #compare(body: Buffer): void {
    const end = this.#bytes + body.length;
    this.#same &&= end <= this.expected.length && body.compare(this.expected, this.#bytes, end) === 0;
    this.#bytes = end;
  }
}

function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
