import { promises as fs } from 'node:fs';
import type { UrlPlace } from './layout.js';
import { cutToTrusted, readMark, writeMark } from './mark.js';
import { thisBoot } from './owner.js';

/** The part on disk holds other bytes than the base now sends: it can't be continued. */
export class DifferentBytes extends Error {}

/** A growing body, written from the front. What is there already is compared, never overwritten. */
export class PartFile {
  #buffer: Buffer | undefined;
  #flushing: Promise<void> | undefined;
  /** What a flush met: the system tells it once, and forgets the bytes. */
  #lost: unknown;
  /** What the mark says. */
  #synced = -1;

  private constructor(
    private readonly handle: fs.FileHandle,
    /** Bytes there. */
    public size: number,
    private readonly note: (synced: number) => void,
  ) {}

  /** Under the version's lock. `date`: the base's, of the answer that now comes, milliseconds since 1970. */
  static async open(place: UrlPlace, version: string, date: number | undefined): Promise<PartFile> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
    const trusted = await cutToTrusted(place, version);
    const handle = await fs.open(place.part(version), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const { size, ino } = await handle.stat();
      const before = trusted > 0 ? readMark(place, version) : undefined;
      const begun = before === undefined ? date : before.begun;
      const note = (synced: number) => writeMark(place, version, { boot: thisBoot(), inode: ino, synced, begun });
      note(before?.synced ?? 0);
      return new PartFile(handle, size, note);
    } catch (error) {
      // No room for the mark, or its directory was removed.
      await handle.close();
      throw error;
    }
  }

  /** Takes the body's bytes from `position` on. @throws DifferentBytes; errors of the file system */
  async take(chunk: Buffer, position: number): Promise<void> {
    const known = Math.max(0, Math.min(chunk.length, this.size - position));
    if (known > 0) await this.#compare(chunk.subarray(0, known), position);
    if (known === chunk.length) return;
    await this.#write(chunk.subarray(known), position + known);
    this.size = position + chunk.length;
  }

  /** To the disk with what is there by now; then the mark says so. Returns at once; `finish` throws what went wrong. */
  flush(): void {
    const { size } = this;
    if (this.#flushing !== undefined || size === this.#synced) return;
    const flushed = this.handle.datasync().then(
      () => this.#noteSynced(size),
      (error: unknown) => {
        this.#lost ??= error;
      },
    );
    this.#flushing = flushed.finally(() => {
      this.#flushing = undefined;
    });
  }

  #noteSynced(size: number): void {
    this.#synced = size;
    try {
      this.note(size);
    } catch {
      // The mark says less than there is: no harm.
    }
  }

  /** All to the disk, with the times that the complete body shall have. Milliseconds. */
  async finish(modified: number): Promise<void> {
    await this.handle.utimes(Date.now() / 1000, modified / 1000);
    await this.handle.sync();
    await this.#flushing;
    this.#synced = this.size;
    if (this.#lost !== undefined) throw this.#lost;
  }

  async close(): Promise<void> {
    // Given up in an orderly way, all of it may be continued, whatever happens to this machine meanwhile.
    this.flush();
    await this.#flushing;
    await this.handle.close();
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async #compare(bytes: Buffer, position: number): Promise<void> {
    if (this.#buffer === undefined || this.#buffer.length < bytes.length) this.#buffer = Buffer.allocUnsafe(bytes.length);
    const { bytesRead } = await this.handle.read(this.#buffer, 0, bytes.length, position);
    if (bytesRead !== bytes.length || !this.#buffer.subarray(0, bytesRead).equals(bytes)) throw new DifferentBytes();
  }
}
