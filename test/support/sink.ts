import { createHash } from 'node:crypto';
import { PATIENCE, within } from './wait.js';

/** Bodies up to this size are kept whole; of longer ones the hash and the length. */
const KEEP = 16 * 1024 * 1024;

/** A body as it arrives: counted, hashed, kept while it is small. */
export class Sink {
  length = 0;
  readonly #hash = createHash('sha256');
  readonly #chunks: Buffer[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #check: ((chunk: Buffer, offset: number) => void) | undefined;
  #sha256: string | undefined;
  /** What `check` threw first. */
  fault: unknown;
  ended = false;

  /** @param check sees each piece with its offset; what it throws is kept in `fault` */
  constructor(check?: (chunk: Buffer, offset: number) => void) {
    this.#check = check;
  }

  push(chunk: Buffer): void {
    if (this.fault === undefined) {
      try {
        this.#check?.(chunk, this.length);
      } catch (error) {
        this.fault = error;
      }
    }
    this.length += chunk.length;
    this.#hash.update(chunk);
    if (this.length <= KEEP) this.#chunks.push(chunk);
    else this.#chunks.length = 0;
    this.#tell();
  }

  end(): void {
    this.ended = true;
    this.#tell();
  }

  /** The whole body. Throws if it was too long to be kept: use `sha256` and `length`. */
  get bytes(): Buffer {
    if (this.length > KEEP) throw new Error(`a body of ${this.length} bytes is not kept; compare its sha256 and length`);
    return Buffer.concat(this.#chunks);
  }

  get sha256(): string {
    this.#sha256 ??= this.#hash.digest('hex');
    return this.#sha256;
  }

  /** Resolves when `length` bytes have come; throws if the body ends before, or the time is over. */
  async waitFor(length: number, timeout = PATIENCE): Promise<void> {
    let watch: (() => void) | undefined;
    const come = new Promise<void>((resolve, reject) => {
      watch = () => {
        if (this.length >= length) resolve();
        else if (this.ended) reject(new Error(`the body ended after ${this.length} of ${length} bytes waited for`));
      };
      this.#waiting.add(watch);
      watch();
    });
    try {
      await within(come, () => `byte ${length} of the body; ${this.length} came`, timeout);
    } finally {
      if (watch !== undefined) this.#waiting.delete(watch);
    }
  }

  #tell(): void {
    for (const watch of this.#waiting) watch();
  }
}
