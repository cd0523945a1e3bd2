const DIGITS = '0123456789abcdef';

/**
 * A regular expression for a set of hex strings of one length, as a tree of prefixes: a host's thousand buckets
 * cost the matcher three comparisons, not a thousand.
 */
export function bucketPattern(names: readonly string[]): string {
  const unique = new Set(names);
  const length = names[0]?.length ?? 0;
  if (unique.size === 16 ** length) return length === 0 ? '' : length === 1 ? '.' : `.{${length}}`;
  if (length === 1) return classOf([...unique].sort());
  const byRest = new Map<string, string[]>();
  for (const digit of DIGITS) {
    const rest = [...unique].filter((name) => name.startsWith(digit)).map((name) => name.slice(1));
    if (rest.length === 0) continue;
    const pattern = bucketPattern(rest);
    byRest.set(pattern, [...(byRest.get(pattern) ?? []), digit]);
  }
  const branches = [...byRest].map(([rest, digits]) => classOf(digits) + rest);
  return branches.length === 1 ? (branches[0] ?? '') : `(?:${branches.join('|')})`;
}

function classOf(digits: readonly string[]): string {
  if (digits.length === 1) return digits[0] ?? '';
  if (digits.length === 16) return '.';
  let text = '';
  for (let at = 0; at < digits.length; ) {
    let end = at;
    while (end + 1 < digits.length && follows(digits[end], digits[end + 1])) end++;
    text += digits[at];
    if (end > at) text += end > at + 1 ? `-${digits[end]}` : digits[end];
    at = end + 1;
  }
  return `[${text}]`;
}

/** Neighbours in ASCII: `9` and `a` are not. */
function follows(one: string | undefined, next: string | undefined): boolean {
  return one !== undefined && next !== undefined && next.charCodeAt(0) === one.charCodeAt(0) + 1;
}
