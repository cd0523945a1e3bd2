import type { ServerResponse } from 'node:http';
import type { Tally } from '../../access-log/entry.js';

/** The client's doing: nothing that an operator could mend. */
export class ClientLeft extends Error {}

/** What is sent at once, in bytes: while a client makes us wait, so much of its body waits in our memory. */
const PIECE = 32 * 1024;
/** One that takes all at once for so long is no slow one: bigger pieces are less work. In bytes. */
const PROVEN = 8 * 1024 * 1024;
const BIG_PIECE = 128 * 1024;

/** The connection to a client: what it has not taken yet is at most one piece. */
export class Outflow {
  /** Bytes since the client last made us wait. */
  #flowed = 0;
  /** Ends the one wait that there is. */
  #abandon: () => void = () => {};

  constructor(
    private readonly response: ServerResponse,
    private readonly tally: Tally,
  ) {
    response.once('close', () => this.#abandon());
  }

  /** The response learns it from its socket, a moment later. */
  get #gone(): boolean {
    return this.response.destroyed || this.response.socket?.destroyed === true;
  }

  /** How many bytes should be written next. */
  get piece(): number {
    return this.#flowed < PROVEN ? PIECE : BIG_PIECE;
  }

  /**
   * Undefined if the kernel took all at once: then the buffer may be used anew. Else resolves when it has.
   * @throws ClientLeft, at once or later
   */
  write(bytes: Buffer): Promise<void> | undefined {
    const { response } = this;
    if (this.#gone) throw new ClientLeft();
    let written: (error?: Error | null) => void = () => {};
    // Corked and uncorked the bytes go out now, in one system call with the header, not at the next tick.
    response.cork();
    response.write(bytes, (error) => written(error));
    response.uncork();
    if (response.writableLength === 0) {
      this.tally.bytes += bytes.length;
      this.#flowed += bytes.length;
      return undefined;
    }
    this.#flowed = 0;
    return this.#untilGone<void>((resolve, reject) => {
      written = (error) => {
        // EPIPE or ECONNRESET: it may come before the response knows that it is closed. A connection that was reset while
        // the kernel had no room is no error to node:http.
        if (error instanceof Error) reject(new ClientLeft(error.message));
        else if (this.#gone) reject(new ClientLeft());
        else resolve();
      };
    }).then(() => {
      this.tally.bytes += bytes.length;
    });
  }

  end(): Promise<void> {
    return this.#untilGone((resolve) => this.response.end(resolve));
  }

  /** Waiting for a body that still arrives ends when there is nobody to send it to. */
  whileHere<T>(waiting: Promise<T>): Promise<T> {
    return this.#untilGone((resolve, reject) => void waiting.then(resolve, reject));
  }

  /** Not Promise.race with one promise of the client's leaving: that keeps a part of each wait until the end. */
  #untilGone<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      // Made when it is needed: each response closes, and an error's stack costs as much as opening the file.
      this.#abandon = () => reject(new ClientLeft());
      start(
        (value) => {
          this.#abandon = () => {};
          resolve(value);
        },
        reject,
      );
      if (this.#gone) reject(new ClientLeft());
    });
  }
}
