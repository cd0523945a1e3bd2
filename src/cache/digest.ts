import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** The SHA-256 of a body, taken while it comes. */
export class Digest {
  #hash: Hash | undefined;
  /** Bytes taken. */
  #length = 0;

  /** Begins at `position` of a body whose bytes before it are in `part`; what was taken before may do. @throws errors of the file system */
  async startAt(part: string, position: number): Promise<void> {
    if (position === this.#length) return;
    this.#hash = undefined;
    this.#length = 0;
    if (position === 0) return;
    for await (const chunk of createReadStream(part, { end: position - 1 })) this.take(chunk as Buffer);
  }

  take(bytes: Buffer): void {
    this.#hash ??= sha256();
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** In hexadecimal; nothing can be taken after it. */
  end(): string {
    return (this.#hash ?? sha256()).digest('hex');
  }
}

/** Loaded by those who fill only, and when the first bytes are written: it takes milliseconds. */
function sha256(): Hash {
  return (require('node:crypto') as typeof import('node:crypto')).createHash('sha256');
}
