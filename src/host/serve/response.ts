import { read } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { ShortBody } from '../../cache/source.js';
import { type FileBody, isRange, type Reply } from '../../gateway/reply.js';
import type { ByteRange } from '../../http/range.js';
import { reasonPhrase } from '../../http/status.js';

/** The one buffer of a response, in bytes. What a slow client hasn't taken yet waits here, and in the kernel. */
const BUFFER = 32 * 1024;

/** Bytes of body that went out so far. */
export interface Tally {
  bytes: number;
}

/** The client's doing: nothing that an operator could mend. */
export class ClientLeft extends Error {}

/** Sends the reply; resolves when the client has taken all. @throws ClientLeft; ShortBody if the body breaks off */
export async function sendReply(reply: Reply, response: ServerResponse, tally: Tally): Promise<void> {
  const { body } = reply;
  response.writeHead(reply.status, reasonPhrase(reply.status), reply.fields.flat());
  const out = new Outflow(response, tally);
  if (body.kind === 'text') await out.write(body.bytes);
  if (body.kind === 'file') await sendFile(body, out);
  if (body.kind === 'stream') await sendStream(body.answer.body, body.length, out);
  await out.end();
}

/** The connection to a client: a write resolves when the kernel has the bytes, so that one buffer is enough. */
class Outflow {
  #gone: (error: Error) => void = () => {};
  readonly #left: Promise<never>;

  constructor(
    private readonly response: ServerResponse,
    private readonly tally: Tally,
  ) {
    this.#left = new Promise((_, reject) => {
      this.#gone = reject;
    });
    this.#left.catch(() => {}); // nobody may be writing when the client leaves
    response.once('close', () => this.#gone(new ClientLeft()));
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#settle((done) => this.response.write(bytes, done));
    this.tally.bytes += bytes.length;
  }

  end(): Promise<void> {
    return this.#settle((done) => this.response.end(done));
  }

  /** Waiting for a body that still arrives ends when there is nobody to send it to. */
  whileHere<T>(waiting: Promise<T>): Promise<T> {
    return Promise.race([waiting, this.#left]);
  }

  #settle(action: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.response.destroyed) return Promise.reject(new ClientLeft());
    const settled = new Promise<void>((resolve, reject) => {
      // EPIPE or ECONNRESET: it may come before the response knows that it is closed.
      action((error) => (error instanceof Error ? reject(new ClientLeft(error.message)) : resolve()));
    });
    return this.whileHere(settled);
  }
}

async function sendFile(body: FileBody, out: Outflow): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER, Math.max(1, body.length)));
  for (const piece of body.pieces) {
    if (isRange(piece)) await sendRange(body, piece, buffer, out);
    else await out.write(piece);
  }
}

async function sendRange(body: FileBody, { start, end }: ByteRange, buffer: Buffer, out: Outflow): Promise<void> {
  const { source } = body;
  for (let position = start; position <= end; ) {
    const there = source.available(position);
    if (there === 0) {
      try {
        await out.whileHere(source.wait(position));
      } catch (error) {
        return sendRescued(body, { start: position, end }, error, out);
      }
      continue;
    }
    const count = await readAt(source.fd, buffer, Math.min(there, buffer.length, end - position + 1), position);
    if (count === 0) throw new ShortBody({ kind: 'storage', reason: `the file in the cache ends at ${position}` });
    await out.write(buffer.subarray(0, count));
    position += count;
  }
}

/** The disk is full, the base still has it. */
async function sendRescued(body: FileBody, rest: ByteRange, error: unknown, out: Outflow): Promise<void> {
  const answer = error instanceof ShortBody && error.verdict.kind === 'storage' ? await body.rescue(rest, error.message) : undefined;
  if (answer === undefined) throw error;
  try {
    await sendStream(answer.body, rest.end - rest.start + 1, out);
  } finally {
    answer.close();
  }
}

async function sendStream(chunks: AsyncIterable<Buffer>, length: number | undefined, out: Outflow): Promise<void> {
  let sent = 0;
  for await (const chunk of chunks) {
    await out.write(chunk);
    sent += chunk.length;
  }
  if (length !== undefined && sent < length) throw new ShortBody({ kind: 'base', reason: `base sent ${sent} of ${length} bytes` });
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
