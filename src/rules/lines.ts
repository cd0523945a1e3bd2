import { readLines as readPlainLines, splitWords } from '../settings/file.js';
import { Problem } from '../cli/problem.js';

/** A container such as `<VirtualHost *:80>` around a directive. */
export interface Section {
  readonly name: string;
  readonly argument: string;
  readonly line: number;
}

/** One directive of an Apache-style file. */
export interface Line {
  readonly name: string;
  /** What follows the name, with its quotes. */
  readonly rest: string;
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
  for (const { number, directive, rest } of readPlainLines(text)) {
    const where = `${file}:${number}`;
    const content = `${directive} ${rest}`.trim();
    if (content.startsWith('</')) closeSection(open, content, where);
    else if (content.startsWith('<')) open.push(openSection(content, number, where));
    else if (!open.some(isAbsent)) {
      const sections = open.filter((section) => !TRANSPARENT.has(section.name.toLowerCase()));
      lines.push({ name: directive, rest, where, sections });
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

/** Words of a line, as the settings' file has them. @throws {Problem} for a quote without an end. */
export function wordsOf(text: string, where: string): string[] {
  const words = splitWords(text);
  if (words) return words;
  throw new Problem(where, 'a quote is never closed; add one at the end of the word');
}
