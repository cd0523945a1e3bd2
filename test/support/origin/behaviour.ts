import type { Pattern } from '../pattern.js';
import type { Gate } from './gate.js';
import type { SeenRequest } from './request.js';

/** The bytes of a file: as they are, or computed (`{ seed, size }`, any size). */
export type Body = Buffer | string | Pattern;

/** How the origin answers. What isn't said is as RFC 9110 wants it. */
export interface Behaviour {
  readonly body?: Body;
  /** Default 200 (then 206, 304, 412 and 416 come by themselves). Any other is sent as it is. */
  readonly status?: number;
  /** The body of an answer that isn't 2xx; default: the status in words. */
  readonly message?: string;
  /** With quotes. Default: a strong one made from the body; null: none. */
  readonly etag?: string | null;
  /** Default: 1 September 2026; null: none. */
  readonly lastModified?: string | null;
  /** Further fields; one that the origin makes by itself is replaced, or with null left out. Latin-1. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Verbatim header lines after all others, without CRLF: folded, doubled, malformed. Latin-1. */
  readonly lines?: readonly string[];
  /** Verbatim bytes before the status line, with CRLFs (a 103, garbage). Latin-1. */
  readonly before?: string;
  /** Verbatim header section instead of ours, from the status line to the empty line. Latin-1. */
  readonly rawHead?: string;
  /** Another Content-Length than the true one; null: none, the body ends with the connection. */
  readonly contentLength?: number | string | null;
  readonly chunked?: boolean;
  /** After the last chunk; lines without CRLF. */
  readonly trailers?: readonly string[];
  /** Answers 200 with everything to a Range. */
  readonly ignoreRange?: boolean;
  /** A 206 that isn't what was asked: other bytes (`end` is exclusive), or another Content-Range than the bytes. */
  readonly partial?: { readonly start?: number; readonly end?: number; readonly contentRange?: string };
  /** Sends the body after a HEAD's header too. */
  readonly bodyOnHead?: boolean;
  /** Accepts the request and never answers. */
  readonly silent?: boolean;
  /** Holds the header until the gate is released. */
  readonly holdHeader?: Gate;
  /** Holds the body at the gate's offset until it is released. */
  readonly hold?: Gate;
  /** Ends the connection after so many body bytes of this answer (0: after the header; -1: instead of the header). */
  readonly cutAfter?: number;
  /** How: `reset` (RST, after the client's kernel has all bytes before it; the default) or `close` (FIN). */
  readonly cut?: 'reset' | 'close';
  /** Bytes a write; 1: one byte at a time, the header too. */
  readonly pieceSize?: number;
  /** false: `Connection: close`. */
  readonly keepAlive?: boolean;
}

/** A file of the origin, or whatever answers at its path. */
export interface FileSpec extends Behaviour {
  readonly body: Body;
  /** What is different for HEAD. */
  readonly head?: Behaviour;
  /** What is different for GET. */
  readonly get?: Behaviour;
  /** What is different for this one request (`request.nth` counts from 1 per method and path). */
  readonly script?: (request: SeenRequest) => Behaviour | undefined;
}

/** What the origin does for this request: file, method and script, the later before the earlier. */
export function behaviourFor(file: FileSpec, request: SeenRequest): Behaviour & { readonly body: Body } {
  const { head, get, script, ...base } = file;
  const perMethod = request.method === 'HEAD' ? head : get;
  const merged = { ...base, ...perMethod, ...script?.(request) };
  return { ...merged, body: merged.body ?? base.body };
}
