import { close, constants, fdatasync, fstatSync, fsync, futimesSync, openSync, read, write } from 'node:fs';
import { promisify } from 'node:util';
import type { UrlPlace } from './layout.js';
import { cutToTrusted, readMark, writeMark } from './mark.js';
import { thisBoot } from './owner.js';

/** The part on disk holds other bytes than the base now sends: it can't be continued. */
export class DifferentBytes extends Error {}

/**
 * A growing body, written from the front. What is there already is compared, never overwritten.
 * By a descriptor and not by `fs.promises`: that loads 15 modules, readline among them, and whoever waits for a small file waits for them.
 */
export class PartFile {
  #buffer: Buffer | undefined;
  #flushing: Promise<void> | undefined;
  /** What a flush met: the system tells it once, and forgets the bytes. */
  #lost: unknown;
  /** What the mark says. */
  #synced = -1;

  private constructor(
    private readonly fd: number,
    /** Bytes there. */
    public size: number,
    private readonly note: (synced: number) => void,
  ) {}

  /** Under the version's lock. `date`: the base's, of the answer that now comes, milliseconds since 1970. */
  static async open(place: UrlPlace, version: string, date: number | undefined): Promise<PartFile> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const trusted = await cutToTrusted(place, version);
    const fd = openSync(place.part(version), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const { size, ino } = fstatSync(fd);
      const before = trusted > 0 ? readMark(place, version) : undefined;
      const begun = before === undefined ? date : before.begun;
      const note = (synced: number) => writeMark(place, version, { boot: thisBoot(), inode: ino, synced, begun });
      note(before?.synced ?? 0);
      return new PartFile(fd, size, note);
    } catch (error) {
      // No room for the mark, or its directory was removed.
      await promisify(close)(fd);
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
    const flushed = promisify(fdatasync)(this.fd).then(
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
    futimesSync(this.fd, Date.now() / 1000, modified / 1000);
    await promisify(fsync)(this.fd);
    await this.#flushing;
    this.#synced = this.size;
    if (this.#lost !== undefined) throw this.#lost;
  }

  async close(): Promise<void> {
    // Given up in an orderly way, all of it may be continued, whatever happens to this machine meanwhile.
    this.flush();
    await this.#flushing;
    await promisify(close)(this.fd);
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await promisify(write)(this.fd, bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async #compare(bytes: Buffer, position: number): Promise<void> {
    if (this.#buffer === undefined || this.#buffer.length < bytes.length) this.#buffer = Buffer.allocUnsafe(bytes.length);
    const { bytesRead } = await promisify(read)(this.fd, this.#buffer, 0, bytes.length, position);
    if (bytesRead !== bytes.length || !this.#buffer.subarray(0, bytesRead).equals(bytes)) throw new DifferentBytes();
  }
}
