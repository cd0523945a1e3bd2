import { readSync } from 'node:fs';
import type { Tally } from '../../access-log/entry.js';
import { ShortBody } from '../../cache/source.js';
import { type FileBody, isRange, type Reply } from '../../gateway/reply.js';
import type { ByteRange } from '../../http/range.js';
import { reasonPhrase } from '../../http/status.js';
import { Output } from './output.js';

/** What a pipe takes at once, in bytes. */
export const PIPE = 64 * 1024;
/** The one buffer that a body goes through, in bytes: with a pipe's size copying took half as much CPU again in this process. */
const BUFFER = 256 * 1024;

/** How a response is framed: parsed by the web server, or written whole by us (`nph-`, RFC 3875 §5). */
export interface Framing {
  readonly nph: boolean;
  /** Of the client's request: HTTP/1.0 knows no chunks. */
  readonly protocol: string;
}

type Progress = (done: number, total: number | undefined) => void;

/**
 * Writes the reply to standard output, and counts in `tally` what was sent; `onProgress` hears of it, and how many bytes it
 * will be. @throws ClientGone; ShortBody if the body breaks off
 */
export async function writeReply(reply: Reply, framing: Framing, tally: Tally = { bytes: 0, pulled: 0 }, onProgress?: Progress): Promise<void> {
  const { body } = reply;
  const out = new Output(tally, (bytes) => onProgress?.(bytes, 'length' in body ? body.length : undefined));
  const chunked = framing.nph && body.kind === 'stream' && body.length === undefined && framing.protocol !== 'HTTP/1.0';
  out.hold(header(reply, framing, chunked));
  if (body.kind === 'text') out.writeBody(body.bytes);
  if (body.kind === 'file') await copyFile(body, out);
  if (body.kind === 'stream') await copyStream(body.answer.body, body.length, out, chunked);
  out.flush();
}

function header({ status, fields }: Reply, { nph }: Framing, chunked: boolean): Buffer {
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  // With a status a local redirect is none (RFC 3875 §6.2.2).
  const local = status === 200 && fields.some(([name]) => name === 'Location' || name === 'X-LiteSpeed-Location');
  if (!local) lines.unshift(`${nph ? 'HTTP/1.1' : 'Status:'} ${status} ${reasonPhrase(status)}`);
  if (nph) lines.push('Connection: close');
  if (nph && !fields.some(([name]) => name === 'Date')) lines.push(`Date: ${new Date().toUTCString()}`);
  if (chunked) lines.push('Transfer-Encoding: chunked');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

async function copyFile(body: FileBody, out: Output): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER, Math.max(1, body.length)));
  for (const piece of body.pieces) {
    if (isRange(piece)) await copyRange(body, piece, buffer, out);
    else out.writeBody(piece);
  }
}

async function copyRange(body: FileBody, { start, end }: ByteRange, buffer: Buffer, out: Output): Promise<void> {
  const { source } = body;
  for (let position = start; position <= end; ) {
    const there = source.available(position);
    if (there === 0) {
      out.flush();
      try {
        await source.wait(position);
      } catch (error) {
        return copyRescued(body, { start: position, end }, error, out);
      }
      continue;
    }
    const count = readSync(source.fd, buffer, 0, Math.min(there, buffer.length, end - position + 1), position);
    if (count === 0) throw new ShortBody({ kind: 'storage', reason: `the file in the cache ends at ${position}` });
    out.writeBody(buffer.subarray(0, count));
    position += count;
  }
}

/** The disk is full, the base still has it. */
async function copyRescued(body: FileBody, rest: ByteRange, error: unknown, out: Output): Promise<void> {
  const answer = error instanceof ShortBody && error.verdict.kind === 'storage' ? await body.rescue(rest, error.message) : undefined;
  if (answer === undefined) throw error;
  try {
    await copyStream(answer.body, rest.end - rest.start + 1, out, false);
  } finally {
    answer.close();
  }
}

/** A blocked write holds the base back, too: nothing piles up here. */
async function copyStream(chunks: AsyncIterable<Buffer>, length: number | undefined, out: Output, chunked: boolean): Promise<void> {
  let sent = 0;
  for await (const chunk of chunks) {
    if (chunked) out.hold(Buffer.from(`${chunk.length.toString(16)}\r\n`));
    out.tally.pulled += chunk.length;
    out.writeBody(chunk);
    if (chunked) out.hold(Buffer.from('\r\n'));
    sent += chunk.length;
  }
  if (length !== undefined && sent < length) throw new ShortBody({ kind: 'base', reason: `base sent ${sent} of ${length} bytes` });
  if (chunked) out.write(Buffer.from('0\r\n\r\n'));
}
