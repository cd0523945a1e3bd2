import type { Socket } from 'node:net';
import { listMembers } from '../http/fields.js';
import type { Answer } from './base.js';
import { connect, type ConnectSettings } from './connect.js';
import { type Connect, LONGEST, parsePlain, requestText } from './plain-head.js';

/** Idle connections that are kept; node:http keeps as many. */
const MOST_IDLE = 256;

/** A connection ended, or was never made, before a byte of an answer came. */
class Unanswered extends Error {
  constructor(readonly why: Error) {
    super(why.message);
  }
}

interface Asking {
  resolve(answer: Answer | undefined): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** Plain HEADs on kept connections, for a process that asks many: with node:http a question costs it as much as all else of a hit. */
export class KeptHeads {
  readonly #idle: HeadConnection[] = [];
  /** Of all connections: what comes is taken out of it at once. */
  readonly #buffer = Buffer.allocUnsafeSlow(LONGEST);
  readonly #connect: Connect;

  constructor(settings: ConnectSettings) {
    this.#connect = (onread) => connect(settings, onread);
  }

  /** As `plainHead`; on a kept connection, or if that has just ended on a new one (RFC 9112 §9.3.1). */
  async ask(path: string, fields: readonly string[], timeout: number, tooSlow: () => Error): Promise<Answer | undefined> {
    const text = requestText(path, fields);
    const kept = this.#idle.pop();
    try {
      if (kept !== undefined) return await this.#askOn(kept, text, timeout, tooSlow);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
    try {
      return await this.#askOn(new HeadConnection(this.#connect, this.#buffer, (gone) => this.#forget(gone)), text, timeout, tooSlow);
    } catch (error) {
      throw error instanceof Unanswered ? error.why : error;
    }
  }

  async #askOn(connection: HeadConnection, text: string, timeout: number, tooSlow: () => Error): Promise<Answer | undefined> {
    const answer = await connection.ask(text, timeout, tooSlow);
    if (connection.isFree && this.#idle.length < MOST_IDLE) this.#idle.push(connection);
    else connection.close();
    return answer;
  }

  #forget(connection: HeadConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

/** One connection, one question at a time. */
class HeadConnection {
  readonly #socket: Socket;
  #text = '';
  #asking: Asking | undefined;
  /** It can be asked again. */
  isFree = false;

  constructor(
    open: Connect,
    shared: Buffer,
    private readonly onGone: (connection: HeadConnection) => void,
  ) {
    this.#socket = open({
      buffer: shared,
      callback: (count) => {
        this.#take(shared.toString('latin1', 0, count));
        return true;
      },
    });
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('end', () => this.#end());
  }

  ask(text: string, timeout: number, tooSlow: () => Error): Promise<Answer | undefined> {
    this.#text = '';
    this.isFree = false;
    this.#socket.ref();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle()?.reject(tooSlow());
        this.close();
      }, timeout);
      this.#asking = { resolve, reject, timer };
      this.#socket.write(text, 'latin1');
    });
  }

  close(): void {
    this.isFree = false;
    this.#socket.destroy();
  }

  #take(text: string): void {
    // What nobody asked for would be the answer to the next question.
    if (this.#asking === undefined) return this.#end();
    this.#text += text;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0 && this.#text.length <= LONGEST) return;
    const answer = end < 0 || end > LONGEST ? undefined : parsePlain(this.#text.slice(0, end));
    this.isFree = answer !== undefined && this.#text.length === end + 4 && isKept(this.#text, answer);
    // An idle connection is no reason for a process to go on.
    if (this.isFree) this.#socket.unref();
    this.#settle()?.resolve(answer);
  }

  #end(error?: Error): void {
    const asking = this.#settle();
    if (asking !== undefined && this.#text === '') asking.reject(new Unanswered(error ?? new Error('got no answer')));
    else if (error !== undefined) asking?.reject(error);
    else asking?.resolve(undefined);
    this.close();
    this.onGone(this);
  }

  #settle(): Asking | undefined {
    const asking = this.#asking;
    this.#asking = undefined;
    clearTimeout(asking?.timer);
    return asking;
  }
}

/** RFC 9112 §9.3. */
function isKept(text: string, { fields }: Answer): boolean {
  return text.startsWith('HTTP/1.1 ') && !listMembers(fields.get('connection')).some((option) => option.toLowerCase() === 'close');
}
