import type { Version } from '../base/version.js';
import type { Cache } from '../cache/cache.js';
import type { Asked, GatewayParts } from './parts.js';
import { passRange } from './pass.js';
import { isRange, type Reply } from './reply.js';
import type { Selection } from './selection.js';

/** So many bytes more than a range asks for may be pulled for it. */
const LEAD = 64 * 1024 * 1024;

/** A range is worth to pull so many times its length. */
const WORTH = 16;

/** How many bytes of the body, from its first on, a request makes worth pulling: a whole file, or a range and some more. */
export function wantedUntil({ pieces }: Selection, { length }: Version): number {
  const end = pieces.reduce((last, piece) => (isRange(piece) ? Math.max(last, piece.end + 1) : last), 0);
  return Math.min(length, end + LEAD);
}

/**
 * A small range far behind what is here: one byte in the middle of 10 GB is no reason to pull 5 GB first. It comes
 * straight from the base, and a fill brings a bit more of the file: whole in the end, if many such requests come.
 * Undefined if the range is near or large enough, or the base can't send it alone.
 */
export async function farPart(parts: GatewayParts, asked: Asked, selection: Selection, cache: Cache): Promise<Reply | undefined> {
  const { path, record } = asked;
  const [first] = selection.pieces;
  if (first === undefined || !isRange(first)) return undefined;
  const most = Math.max(LEAD, WORTH * selection.length);
  // Most bodies are too short for that.
  if (first.start <= most) return undefined;
  const reach = cache.reach(path, record.version);
  if (first.start - reach <= most) return undefined;
  const reply = await passRange(parts, asked, selection, { fwd: 'uri-miss', detail: 'far-range' });
  if (reply === undefined || !('body' in reply)) return undefined;
  cache.advance(path, record.version, record.validated, reach + LEAD);
  return reply;
}
