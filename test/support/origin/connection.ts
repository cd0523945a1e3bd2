import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { waitUntil } from '../wait.js';
import type { Answer } from './answer.js';
import type { Behaviour } from './behaviour.js';
import type { RateLimit } from './rate.js';
import type { SeenRequest } from './request.js';

const EMPTY_LINE = Buffer.from('\r\n\r\n');
const UNLIMITED_PIECE = 262_144;

/** Ends a connection with a reset; one that we have ended already, in the orderly way that was begun. */
export function resetSocket(socket: Socket): void {
  // Node 20 never ends a process in which a socket that is shutting down was reset.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** One client's connection: requests in, bytes out, and its end. */
export class Connection {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  #pending = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.#pending = Buffer.concat([this.#pending, data]);
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.once('end', end).once('close', end);
    // A client may leave whenever it likes; `closed` tells.
    socket.on('error', end);
  }

  /** The lines of the next request's header; undefined when the client has ended. */
  async nextHead(): Promise<string[] | undefined> {
    let end;
    while ((end = this.#pending.indexOf(EMPTY_LINE)) < 0) {
      if (this.#ended) return undefined;
      await this.#more();
    }
    const head = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + EMPTY_LINE.length);
    return head.split('\r\n');
  }

  /** The next `length` bytes that the client sent (fewer if it ends). */
  async read(length: number): Promise<Buffer> {
    while (this.#pending.length < length && !this.#ended) await this.#more();
    const bytes = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return bytes;
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Hands bytes to the kernel; false if the client is gone. */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.socket.destroyed) return false;
    return new Promise((resolve) => {
      this.socket.write(bytes, (error) => resolve(error === null || error === undefined));
    });
  }

  /** Ends the connection with a reset, after the client's kernel has acknowledged all that was sent. */
  async reset(): Promise<void> {
    const { localPort = 0, remotePort = 0 } = this.socket;
    await waitUntil(() => this.socket.destroyed || unacknowledged(localPort, remotePort) === 0, {
      what: 'the acknowledgement of what was sent before a reset',
    });
    resetSocket(this.socket);
  }
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** Bytes in the kernel's send queue of a connection; 0 if there is no such connection (Linux). */
function unacknowledged(localPort: number, remotePort: number): number {
  const line = new RegExp(`^ *\\d+: [0-9A-F]+:${hex(localPort)} [0-9A-F]+:${hex(remotePort)} \\S+ ([0-9A-F]+):`, 'm');
  const found = line.exec(readFileSync('/proc/net/tcp', 'latin1'));
  return Number.parseInt(found?.[1] ?? '0', 16);
}

/** Sends the header, one byte at a time if the behaviour wants it. */
async function sendHead(connection: Connection, answer: Answer, behaviour: Behaviour): Promise<boolean> {
  if (behaviour.pieceSize !== 1) return connection.write(answer.head);
  for (const byte of answer.head) if (!(await connection.write(Buffer.of(byte)))) return false;
  return true;
}

/**
 * Sends an answer as its behaviour wants it and notes in `request` how far it came.
 * True if the connection can take another request.
 */
export async function send(
  connection: Connection,
  request: SeenRequest,
  answer: Answer,
  behaviour: Behaviour,
  rate: RateLimit,
  changed: () => void,
): Promise<boolean> {
  const over = (outcome: SeenRequest['outcome']): boolean => {
    request.outcome = outcome;
    changed();
    return outcome === 'finished' && !answer.close;
  };
  const cut = async (): Promise<boolean> => {
    if (behaviour.cut === 'close') connection.socket.end();
    else await connection.reset();
    return over('cut');
  };

  if (behaviour.holdHeader !== undefined && behaviour.holdHeader.at !== Infinity) await behaviour.holdHeader.pass(connection.closed);
  if (behaviour.cutAfter === -1) return cut();
  if (!(await sendHead(connection, answer, behaviour))) return over('aborted');
  request.status = answer.status;
  changed();

  const cutAt = behaviour.cutAfter === undefined ? Infinity : answer.start + behaviour.cutAfter;
  const end = Math.min(answer.end, cutAt);
  for (let at = answer.start; at < end; ) {
    const gate = behaviour.hold?.at ?? Infinity;
    if (at >= gate && behaviour.hold !== undefined) {
      await behaviour.hold.pass(connection.closed);
      if (connection.socket.destroyed) return over('aborted');
      continue;
    }
    const most = Math.min(behaviour.pieceSize ?? UNLIMITED_PIECE, rate.bytesPerSecond === Infinity ? Infinity : rate.piece);
    const length = Math.min(most, end - at, gate - at);
    await rate.take(length);
    const bytes = answer.bytes(at, length);
    const framed = answer.chunked ? [Buffer.from(`${length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')] : [bytes];
    if (!(await connection.write(framed.length === 1 ? bytes : Buffer.concat(framed)))) return over('aborted');
    at += length;
    request.bodyBytes += length;
    changed();
  }
  if (cutAt <= answer.end && behaviour.cutAfter !== undefined) return cut();
  if (answer.chunked) {
    const trailers = (behaviour.trailers ?? []).map((line) => `${line}\r\n`).join('');
    if (!(await connection.write(Buffer.from(`0\r\n${trailers}\r\n`, 'latin1')))) return over('aborted');
  }
  return over(connection.socket.destroyed ? 'aborted' : 'finished');
}
