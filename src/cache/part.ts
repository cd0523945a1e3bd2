import { promises as fs } from 'node:fs';

/** The part on disk holds other bytes than the base now sends: it can't be continued. */
export class DifferentBytes extends Error {}

/** A growing body, written from the front. What is there already is compared, never overwritten. */
export class PartFile {
  #buffer: Buffer | undefined;

  private constructor(
    private readonly handle: fs.FileHandle,
    /** Bytes there. */
    public size: number,
  ) {}

  static async open(path: string): Promise<PartFile> {
    const { O_RDWR, O_CREAT } = fs.constants;
    const handle = await fs.open(path, O_RDWR | O_CREAT, 0o600);
    return new PartFile(handle, (await handle.stat()).size);
  }

  /** Takes the body's bytes from `position` on. @throws DifferentBytes; errors of the file system */
  async take(chunk: Buffer, position: number): Promise<void> {
    const known = Math.max(0, Math.min(chunk.length, this.size - position));
    if (known > 0) await this.#compare(chunk.subarray(0, known), position);
    if (known === chunk.length) return;
    await this.#write(chunk.subarray(known), position + known);
    this.size = position + chunk.length;
  }

  /** To the disk, with the times that the complete body shall have. Milliseconds. */
  async finish(modified: number): Promise<void> {
    await this.handle.utimes(Date.now() / 1000, modified / 1000);
    await this.handle.sync();
  }

  close(): Promise<void> {
    return this.handle.close();
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
