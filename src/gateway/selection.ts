import type { Version } from '../base/version.js';
import { checkPreconditions, ifRangeHolds } from '../http/conditions.js';
import type { Field, Fields } from '../http/fields.js';
import { type ByteRange, parseRange } from '../http/range.js';
import { randomName } from '../random.js';
import { isRange, type Piece } from './reply.js';
import type { Request } from './request.js';
import { endToEnd, partFields } from './response-fields.js';

/** What a request gets of a version: RFC 9110's conditions and ranges, decided before any byte is looked for. */
export interface Selection {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly fields: readonly Field[];
  /** Empty for 304, 412, 416. */
  readonly pieces: readonly Piece[];
  /** Bytes of all pieces. */
  readonly length: number;
}

export function select(request: Request, version: Version, fields: Fields): Selection {
  const status = checkPreconditions((name) => request.field(name), version);
  if (status !== 200) return { status, fields: [], pieces: [], length: 0 };
  const ranges = wantedRanges(request, version);
  if (ranges === 'unsatisfiable') {
    return { status: 416, fields: [['Content-Range', `bytes */${version.length}`]], pieces: [], length: 0 };
  }
  const acceptRanges: Field = ['Accept-Ranges', 'bytes'];
  if (ranges === undefined) return whole([...endToEnd(fields), acceptRanges], version.length);
  const all = [...partFields(fields), acceptRanges];
  const [range] = ranges;
  if (range === undefined || ranges.length > 1) return multipart(all, ranges, version.length);
  const length = range.end - range.start + 1;
  const fieldsOf206: Field[] = [...all, ['Content-Range', contentRange(range, version.length)], contentLength(length)];
  return { status: 206, fields: fieldsOf206, pieces: [range], length };
}

function whole(fields: Field[], length: number): Selection {
  const pieces = length === 0 ? [] : [{ start: 0, end: length - 1 }];
  return { status: 200, fields: [...fields, contentLength(length)], pieces, length };
}

/** Range is defined for GET only (RFC 9110 §14.2). */
function wantedRanges(request: Request, version: Version): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const value = request.field('range');
  if (value === undefined || request.method !== 'GET' || !ifRangeHolds(request.field('if-range'), version)) return undefined;
  const ranges = parseRange(value, version.length);
  if (ranges === undefined || ranges === 'unsatisfiable') return ranges;
  return coalesce(ranges);
}

/** Ranges that overlap, or have less between them than a part's header takes, are sent as one (RFC 9110 §15.3.7.2). */
function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const GAP = 80;
  const merged: ByteRange[] = [];
  for (const range of ranges) {
    // In the order asked; each may swallow, or be swallowed by, any before it.
    let { start, end } = range;
    let at = -1;
    for (let i = merged.length - 1; i >= 0; i--) {
      const other = merged[i] as ByteRange;
      if (start > other.end + GAP || other.start > end + GAP) continue;
      start = Math.min(start, other.start);
      end = Math.max(end, other.end);
      merged.splice(i, 1);
      at = i;
    }
    merged.splice(at === -1 ? merged.length : at, 0, { start, end });
  }
  return merged;
}

function multipart(fields: Field[], ranges: readonly ByteRange[], total: number): Selection {
  const boundary = `offload-${randomName()}${randomName()}`;
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const pieces: Piece[] = [];
  for (const range of ranges) {
    const lines = [`\r\n--${boundary}`, ...(type === undefined ? [] : [`Content-Type: ${type}`])];
    lines.push(`Content-Range: ${contentRange(range, total)}`, '\r\n');
    pieces.push(Buffer.from(lines.join('\r\n'), 'latin1'), range);
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'));
  const length = pieces.reduce((sum, piece) => sum + (isRange(piece) ? piece.end - piece.start + 1 : piece.length), 0);
  const others = fields.filter(([name]) => name.toLowerCase() !== 'content-type');
  const own: Field[] = [['Content-Type', `multipart/byteranges; boundary=${boundary}`], contentLength(length)];
  return { status: 206, fields: [...others, ...own], pieces, length };
}

function contentRange({ start, end }: ByteRange, total: number): string {
  return `bytes ${start}-${end}/${total}`;
}

function contentLength(length: number): Field {
  return ['Content-Length', String(length)];
}
