import { writevSync } from 'node:fs';
import type { Tally } from '../../access-log/entry.js';

/** The web server, or its client, has left: there is nobody to write to. */
export class ClientGone extends Error {}

/** Standard output, written synchronously: while a slow client makes us wait, this process uses no CPU. */
export class Output {
  #held: Buffer | undefined;

  /** `onBody` is told how many bytes of the body there were so far, with each write. */
  constructor(
    readonly tally: Tally,
    private readonly onBody: (bytes: number) => void,
  ) {}

  /** Keeps `bytes` until the next write, to save one: a header goes with the start of its body. */
  hold(bytes: Buffer): void {
    this.flush();
    this.#held = bytes;
  }

  flush(): void {
    writeAll(this.#take(), () => {});
  }

  write(bytes: Buffer): void {
    writeAll([...this.#take(), bytes], () => {});
  }

  /** The same for what counts as sent: also the front of a piece that its reader left in the middle of. */
  writeBody(bytes: Buffer): void {
    const held = this.#take();
    let header = held[0]?.length ?? 0;
    writeAll([...held, bytes], (written) => {
      const ofHeader = Math.min(header, written);
      header -= ofHeader;
      this.tally.bytes += written - ofHeader;
    });
    this.onBody(this.tally.bytes);
  }

  #take(): Buffer[] {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? [] : [held];
  }
}

/** `onWritten` is told of each write how many bytes it took. @throws ClientGone */
function writeAll(buffers: Buffer[], onWritten: (bytes: number) => void): void {
  let rest = buffers;
  for (let pause = 5; rest.length > 0; ) {
    try {
      const written = writevSync(1, rest);
      onWritten(written);
      rest = after(rest, written);
      pause = 5;
    } catch (error) {
      if (!isFull(error)) throw new ClientGone(String(error));
      // A web server that gave us a non-blocking pipe, and a client slower than us.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
      pause = Math.min(pause * 2, 200);
    }
  }
}

function after(buffers: Buffer[], written: number): Buffer[] {
  let skip = written;
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
