/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** More ranges than this are a flood, not a download (RFC 9110 §14.2 allows to ignore them). */
const MOST_RANGES = 200;

/**
 * A Range field against a body of `length` bytes (RFC 9110 §14.1.2, §14.2): the satisfiable ranges in the order
 * asked; 'unsatisfiable' if none is; undefined if the field must be ignored (unknown unit, bad syntax, a flood).
 */
export function parseRange(value: string, length: number): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const m = /^bytes=(.*)$/i.exec(value.trim());
  if (!m) return undefined;
  const specs = (m[1] as string).split(',', MOST_RANGES + 1).map((spec) => spec.trim()).filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > MOST_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec, length);
    if (range === undefined) return undefined;
    if (range !== 'unsatisfiable') ranges.push(range);
  }
  return ranges.length === 0 ? 'unsatisfiable' : ranges;
}

function parseSpec(spec: string, length: number): ByteRange | 'unsatisfiable' | undefined {
  const m = /^(\d*)-(\d*)$/.exec(spec);
  if (!m || spec === '-') return undefined;
  const [, first, last] = m as unknown as [string, string, string];
  if (first === '') {
    const suffix = Number(last);
    if (suffix === 0) return 'unsatisfiable';
    // Satisfiable, says §14.1.2; but no Content-Range can name the last bytes of none.
    if (length === 0) return undefined;
    return { start: Math.max(0, length - suffix), end: length - 1 };
  }
  const start = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (end < start) return undefined;
  if (start >= length) return 'unsatisfiable';
  return { start, end: Math.min(end, length - 1) };
}

/** A Content-Range field of a 206 (RFC 9110 §14.4); undefined if it is malformed or gives no total length. */
export function parseContentRange(value: string | undefined): (ByteRange & { readonly total: number }) | undefined {
  const m = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(value?.trim() ?? '');
  if (!m) return undefined;
  return { start: Number(m[1]), end: Number(m[2]), total: Number(m[3]) };
}
