import { readSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Tally } from '../../access-log/entry.js';
import { ShortBody } from '../../cache/source.js';
import { type FileBody, isRange, type Reply } from '../../gateway/reply.js';
import type { ByteRange } from '../../http/range.js';
import { reasonPhrase } from '../../http/status.js';
import { Outflow } from './outflow.js';
import { borrowBuffer, keepBuffer } from './scratch.js';

/** A client that takes all at once gets so many bytes before the others have their turn. */
const TURN = 512 * 1024;

/** Sends the reply; resolves when the client has taken all. @throws ClientLeft; ShortBody if the body breaks off */
export async function sendReply(reply: Reply, response: ServerResponse, tally: Tally): Promise<void> {
  const { body } = reply;
  response.writeHead(reply.status, reasonPhrase(reply.status), reply.fields.flat());
  const out = new Outflow(response, tally);
  if (body.kind === 'text') await out.write(body.bytes);
  if (body.kind === 'file') await sendFile(body, out, tally);
  if (body.kind === 'stream') await sendStream(body.answer.body, body.length, out, tally);
  await out.end();
}

async function sendFile(body: FileBody, out: Outflow, tally: Tally): Promise<void> {
  for (const piece of body.pieces) {
    if (isRange(piece)) await sendRange(body, piece, out, tally);
    else await out.write(piece);
  }
}

async function sendRange(body: FileBody, { start, end }: ByteRange, out: Outflow, tally: Tally): Promise<void> {
  const { source } = body;
  let turn = 0;
  for (let position = start; position <= end; ) {
    const there = source.available(position);
    if (there === 0) {
      try {
        await out.whileHere(source.wait(position));
      } catch (error) {
        return sendRescued(body, { start: position, end }, error, out, tally);
      }
      continue;
    }
    const buffer = borrowBuffer(out.piece);
    // To hand a read to a thread takes longer than to copy what is in memory; what isn't holds the others up for a disk's moment.
    const count = readSync(source.fd, buffer, 0, Math.min(there, buffer.length, end - position + 1), position);
    if (count === 0) throw new ShortBody({ kind: 'storage', reason: `the file in the cache ends at ${position}` });
    position += count;
    turn += count;
    const taken = out.write(buffer.subarray(0, count));
    if (taken !== undefined) {
      keepBuffer(buffer);
      await taken;
      turn = 0;
    } else if (turn >= TURN && position <= end) {
      await out.whileHere(nextTurn());
      turn = 0;
    }
  }
}

/** Resolves when all others that can go on have gone on. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The disk is full, the base still has it. */
async function sendRescued(body: FileBody, rest: ByteRange, error: unknown, out: Outflow, tally: Tally): Promise<void> {
  const answer = error instanceof ShortBody && error.verdict.kind === 'storage' ? await body.rescue(rest, error.message) : undefined;
  if (answer === undefined) throw error;
  try {
    await sendStream(answer.body, rest.end - rest.start + 1, out, tally);
  } finally {
    answer.close();
  }
}

async function sendStream(chunks: AsyncIterable<Buffer>, length: number | undefined, out: Outflow, tally: Tally): Promise<void> {
  let sent = 0;
  for await (const chunk of chunks) {
    tally.pulled += chunk.length;
    await out.write(chunk);
    sent += chunk.length;
  }
  if (length !== undefined && sent < length) throw new ShortBody({ kind: 'base', reason: `base sent ${sent} of ${length} bytes` });
}
