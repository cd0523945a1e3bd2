import type { BodyAnswer } from '../base/base.js';
import type { Source } from '../cache/source.js';
import type { Field } from '../http/fields.js';
import type { ByteRange } from '../http/range.js';

/** What to send; how is the host's business. */
export interface Reply {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Body;
  /** Frees what the reply holds (files, a download slot, the connection to the base); to be called once, always. */
  close(): void;
}

type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | FileBody
  /** From the base, past the cache. `length` in bytes, if it is announced. */
  | { readonly kind: 'stream'; readonly answer: BodyAnswer; readonly length: number | undefined };

/** Pieces of one version's bytes: ranges of the source, and what a multipart body has between them. */
export interface FileBody {
  readonly kind: 'file';
  readonly source: Source;
  readonly pieces: readonly (Buffer | ByteRange)[];
  /** Bytes of all pieces. */
  readonly length: number;
  /** When the cache can't give the rest of a range, and why: the rest from the base; undefined if it can't either. */
  rescue(rest: ByteRange, why: string): Promise<BodyAnswer | undefined>;
}

export type Piece = FileBody['pieces'][number];

export function isRange(piece: Piece): piece is ByteRange {
  return 'start' in piece;
}

export function nothing(): void {}

/** A header without a body. */
export function headerReply(status: number, fields: readonly Field[]): Reply {
  return { status, fields, body: { kind: 'none' }, close: nothing };
}

/** A short plain text for people. Details are for the log, not for the client. */
export function textReply(status: number, text: string, fields: readonly Field[] = [], head = false): Reply {
  const bytes = Buffer.from(`${text}\n`, 'latin1');
  return {
    status,
    fields: [
      ...fields,
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['X-Content-Type-Options', 'nosniff'],
      ['Content-Length', String(bytes.length)],
    ],
    body: head ? { kind: 'none' } : { kind: 'text', bytes },
    close: nothing,
  };
}
