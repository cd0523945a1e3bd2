import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Fields } from '../support/fields.js';
import { atEnd, type Cleanup } from '../support/place.js';

/** One request of a client and what came back on the wire. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: Fields;
  /** Sent before the answer to the one before it on the same connection was complete. */
  readonly pipelined: boolean;
  /** When it was sent, for an order among several taps. */
  readonly at: number;
  /** 0 until the answer's header is there; a client may leave before. */
  status: number;
  answer: Fields;
  /** Bytes of the answer's body that went to the client. */
  bytes: number;
}

/** A client's real requests to a server on 127.0.0.1, seen on the way: no byte is changed. */
export interface Tap {
  readonly url: string;
  /** In the order of arrival. */
  readonly seen: readonly Seen[];
}

/** Starts a tap before a port, which may be known only when the first client comes; it ends with the test. */
export async function startTap(t: Cleanup, portOf: () => number | undefined): Promise<Tap> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const port = portOf();
    if (port === undefined) throw new Error('a client came before it was known what the tap is before');
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const waiting: Seen[] = [];
    const requests = new Requests((asked) => {
      const request = { ...asked, pipelined: waiting.length > 0, at: performance.now(), status: 0, answer: new Fields([]), bytes: 0 };
      seen.push(request);
      waiting.push(request);
    });
    const answers = new Answers(waiting);
    relay(client, upstream, (data) => requests.push(data));
    relay(upstream, client, (data) => answers.push(data));
    sockets.add(client).add(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Everything from one side to the other: bytes at the other's pace, its end, its leaving. */
function relay(from: Socket, to: Socket, see: (data: Buffer) => void): void {
  from.on('data', (data) => {
    see(data);
    if (!to.write(data)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}

/** A client's side of a connection. Its requests have no body: all tested clients only read. */
class Requests {
  #pending = '';

  constructor(private readonly tell: (request: Pick<Seen, 'method' | 'target' | 'headers'>) => void) {}

  push(data: Buffer): void {
    this.#pending += data.toString('latin1');
    for (;;) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [first = '', ...lines] = this.#pending.slice(0, end).split('\r\n');
      this.#pending = this.#pending.slice(end + 4);
      const [method = '', target = ''] = first.split(' ');
      this.tell({ method, target, headers: Fields.parse(lines) });
    }
  }
}

/** What the rest of the present answer is. */
type Expecting = 'header' | 'length' | 'close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer';

/** A server's side of a connection (RFC 9112 §6.3). */
class Answers {
  #pending: Buffer = Buffer.alloc(0);
  #expecting: Expecting = 'header';
  #left = 0;

  constructor(private readonly waiting: Seen[]) {}

  push(data: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, data]);
    while (this.#pending.length > 0 && this.#step());
  }

  /** False if more bytes are needed. */
  #step(): boolean {
    switch (this.#expecting) {
      case 'header':
        return this.#header();
      case 'length':
      case 'chunk':
      case 'close':
        return this.#body();
      case 'chunk-size': {
        const line = this.#upTo('\r\n');
        if (line === undefined) return false;
        this.#left = Number.parseInt(line, 16);
        this.#expecting = this.#left === 0 ? 'trailer' : 'chunk';
        return true;
      }
      case 'chunk-end': {
        const line = this.#upTo('\r\n');
        this.#expecting = line === undefined ? 'chunk-end' : 'chunk-size';
        return line !== undefined;
      }
      case 'trailer': {
        const line = this.#upTo('\r\n');
        if (line === '') this.#next();
        return line !== undefined;
      }
    }
  }

  #header(): boolean {
    const head = this.#upTo('\r\n\r\n');
    const request = this.waiting[0];
    if (head === undefined || request === undefined) return false;
    const [first = '', ...lines] = head.split('\r\n');
    const status = Number(first.split(' ')[1]);
    if (status < 200) return true;
    request.status = status;
    request.answer = Fields.parse(lines);
    const length = request.answer.get('Content-Length');
    this.#left = Number(length ?? Infinity);
    if (request.method === 'HEAD' || status === 204 || status === 304 || this.#left === 0) this.#next();
    else if (/chunked/i.test(request.answer.get('Transfer-Encoding') ?? '')) this.#expecting = 'chunk-size';
    else this.#expecting = length === undefined ? 'close' : 'length';
    return true;
  }

  #body(): boolean {
    const request = this.waiting[0];
    if (request === undefined) return false;
    const count = Math.min(this.#left, this.#pending.length);
    this.#pending = this.#pending.subarray(count);
    this.#left -= count;
    request.bytes += count;
    if (this.#left > 0) return false;
    if (this.#expecting === 'length') this.#next();
    else this.#expecting = 'chunk-end';
    return true;
  }

  #next(): void {
    this.waiting.shift();
    this.#expecting = 'header';
  }

  #upTo(mark: string): string | undefined {
    const end = this.#pending.indexOf(mark);
    if (end < 0) return undefined;
    const text = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + mark.length);
    return text;
  }
}
