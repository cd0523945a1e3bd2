/** The syntax of `offload.conf`, which is that of Apache's own files. */

export interface Line {
  /** The number of its first line, from 1. */
  readonly number: number;
  readonly directive: string;
  /** What follows the directive, trimmed. */
  readonly rest: string;
}

// A blank is blank, tab, another control character, or the no-break space that comes along when one copies from a web page.
const FIRST_WORD = /^([^\0- \xa0]*)(.*)/s;
const WORD = /(["'])((?:\\.|(?!\1)[^\\])*)\1|[^\0- \xa0"'][^\0- \xa0]*|(["'])/gs;

/** The lines with directives: a `\` at the end goes on in the next line; `#` in front makes a comment. */
export function readLines(text: string): Line[] {
  const found: Line[] = [];
  const lines = text.split(/\r?(?:\n|$)/);
  for (let i = 0; i < lines.length; i++) {
    const number = i + 1;
    let line = lines[i]!;
    while (line.endsWith('\\')) line = line.slice(0, -1) + (lines[++i] ?? '');
    line = line.trim();
    const [, directive = '', rest = ''] = FIRST_WORD.exec(line) ?? [];
    if (line !== '' && !line.startsWith('#')) found.push({ number, directive, rest: rest.trim() });
  }
  return found;
}

/** The words of a trimmed line. Quotes hold a word together, `\` before a quote or `\` is taken away; undefined if a quote has no end. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  for (const [word, quote, quoted, open] of text.matchAll(WORD)) {
    if (open !== undefined) return undefined;
    words.push(quoted?.replaceAll(/\\(.)/gs, (both, next) => (next === quote || next === '\\' ? next : both)) ?? word);
  }
  return words;
}
