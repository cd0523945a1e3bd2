/** Does this look like an entity-tag that may be compared strongly (RFC 9110 §8.8.3)? */
export function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag);
}

/** Weak comparison (RFC 9110 §8.8.3.2): the opaque parts are equal. */
export function weakMatch(a: string, b: string): boolean {
  return a.replace(/^W\//, '') === b.replace(/^W\//, '');
}

/** Strong comparison (RFC 9110 §8.8.3.2): equal, and neither is weak. */
export function strongMatch(a: string, b: string): boolean {
  return a === b && isStrong(a);
}

/**
 * The entity-tags of an If-Match or If-None-Match field, or '*'. A base may send tags that break the grammar (a
 * quote inside, no quotes at all); a client sends them back as they came, so `known` is looked for literally too.
 */
export function parseETags(value: string, known: string | undefined): '*' | string[] {
  const text = value.trim();
  if (text === '*') return '*';
  if (known !== undefined && text === known) return [known];
  return [...text.matchAll(/(?:W\/)?"[^"]*"|[^\s,"]+/g)].map(([tag]) => tag);
}
