import { Problem } from './problem.js';

/** A container such as `<VirtualHost *:80>` around a directive. */
export interface Section {
  readonly name: string;
  readonly argument: string;
  readonly line: number;
}

/** One directive of an Apache-style file, its words unquoted. */
export interface Line {
  readonly name: string;
  readonly words: readonly string[];
  /** `file:line`, for messages. */
  readonly where: string;
  readonly sections: readonly Section[];
}

/** Containers that ask about the server, not about the request: what is in them counts as if they weren't there. */
const TRANSPARENT = new Set(['ifmodule', 'ifdefine', 'ifversion', 'ifdirective', 'ifsection', 'iffile']);

/**
 * Splits Apache configuration into directives: comments, continued lines, quotes and sections as Apache reads them.
 * @param text bytes of the file, as latin1
 * @throws {Problem} with file and line if a quote or a section doesn't end.
 */
export function readLines(text: string, file: string): Line[] {
  const lines: Line[] = [];
  const open: Section[] = [];
  for (const { content, line } of logicalLines(text)) {
    const where = `${file}:${line}`;
    if (content.startsWith('</')) closeSection(open, content, where);
    else if (content.startsWith('<')) open.push(openSection(content, line, where));
    else if (!open.some(isAbsent)) {
      const [name = '', ...words] = splitWords(content, where);
      lines.push({ name, words, where, sections: open.filter((section) => !TRANSPARENT.has(section.name.toLowerCase())) });
    }
  }
  const left = open.at(-1);
  if (left) throw new Problem(`${file}:${left.line}`, `<${left.name}> is never closed; add </${left.name}>`);
  return lines;
}

/** `<IfModule !mod_offload.c>`: what to do when the module isn't there is not what it should do. */
function isAbsent(section: Section): boolean {
  return section.name.toLowerCase() === 'ifmodule' && /^!\s*(?:mod_offload\.c|offload_module)$/i.test(section.argument);
}

function* logicalLines(text: string): Generator<{ content: string; line: number }> {
  let content = '';
  let start = 0;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (content === '') start = index + 1;
    if (raw.endsWith('\\') && !raw.endsWith('\\\\')) {
      content += `${raw.slice(0, -1)} `;
      continue;
    }
    content = (content + raw).trim();
    if (content !== '' && !content.startsWith('#')) yield { content, line: start };
    content = '';
  }
  if (content.trim() !== '') yield { content: content.trim(), line: start };
}

function openSection(content: string, line: number, where: string): Section {
  const match = /^<([A-Za-z]+)\s*(.*)>$/.exec(content);
  if (!match) throw new Problem(where, `"${content}" opens a section without ">" at its end`);
  return { name: match[1] ?? '', argument: unquote(match[2] ?? ''), line };
}

function closeSection(open: Section[], content: string, where: string): void {
  const name = content.slice(2).replace(/\s*>?$/, '');
  const last = open.pop();
  if (!last) throw new Problem(where, `</${name}> closes a section that isn't open`);
  if (last.name.toLowerCase() === name.toLowerCase()) return;
  throw new Problem(where, `</${name}> closes <${last.name}>, opened in line ${last.line}`);
}

function unquote(argument: string): string {
  const text = argument.trim();
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** Words of a line: bare, or in either quote, where a backslash keeps the quote or a backslash as it is. */
export function splitWords(content: string, where: string): string[] {
  const words: string[] = [];
  const rest = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(["'])|(\S+))/y;
  for (;;) {
    const match = rest.exec(content);
    if (!match) return words;
    const [, double, single, unended, bare] = match;
    if (unended !== undefined) throw new Problem(where, `a ${unended} is never closed; add it at the end of the word`);
    if (double !== undefined) words.push(double.replace(/\\(["\\])/g, '$1'));
    else if (single !== undefined) words.push(single.replace(/\\(['\\])/g, '$1'));
    else words.push(bare ?? '');
  }
}
