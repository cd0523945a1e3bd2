/** The syntax of `offload.conf`, which is that of Apache's own files. */

export interface Line {
  /** The number of its first line, from 1. */
  readonly number: number;
  readonly directive: string;
  /** What follows the directive, trimmed. */
  readonly rest: string;
}

/** The lines with directives: a `\` at the end goes on in the next line; `#` in front makes a comment. */
export function readLines(text: string): Line[] {
  const found: Line[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const number = i + 1;
    let line = withoutReturn(lines[i]!);
    while (line.endsWith('\\')) line = line.slice(0, -1) + withoutReturn(lines[++i] ?? '');
    line = line.trim();
    if (line === '' || line.startsWith('#')) continue;
    let end = 0;
    while (end < line.length && !isBlank(line, end)) end++;
    found.push({ number, directive: line.slice(0, end), rest: line.slice(end).trim() });
  }
  return found;
}

/** The words of a trimmed line. Quotes hold a word together, `\` before a quote or `\` is taken away; undefined if a quote has no end. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let i = 0;
  while (i < text.length) {
    const quote = text[i]!;
    if (quote === '"' || quote === "'") {
      let word = '';
      for (i++; text[i] !== quote; i++) {
        if (text[i] === '\\' && (text[i + 1] === quote || text[i + 1] === '\\')) i++;
        if (i >= text.length) return undefined;
        word += text[i]!;
      }
      words.push(word);
      i++;
    } else {
      const start = i;
      while (i < text.length && !isBlank(text, i)) i++;
      words.push(text.slice(start, i));
    }
    while (i < text.length && isBlank(text, i)) i++;
  }
  return words;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Blank, tab, other control characters, and the no-break space that comes along when one copies from a web page. */
function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code <= 32 || code === 160;
}
