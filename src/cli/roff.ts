/** The few macros of man(7) that our pages are made of. */
import { wrap } from '../settings/help.js';
import { VERSION } from '../version.js';

/** A page of these parts; a heading starts a paragraph of its own. */
export function page(...parts: readonly string[]): string {
  return parts.join('').replaceAll(/^(\.S[HS] .*\n)\.PP\n/gm, '$1');
}

/** A text in which nothing is a macro or an escape; what stands between backquotes is bold. */
export function text(words: string): string {
  const escaped = words.replaceAll('\\', String.raw`\e`).replaceAll('-', String.raw`\-`).replaceAll("'", String.raw`\(aq`)
    .replaceAll('^', String.raw`\(ha`).replaceAll('~', String.raw`\(ti`);
  return escaped.replaceAll(/`([^`]*)`/g, String.raw`\fB$1\fR`).replaceAll(/^\./gm, String.raw`\&.`);
}

/** In lines that a person can read, too. */
function filled(words: string): string {
  return wrap(text(words), 78).join('\n').replaceAll(/^\./gm, String.raw`\&.`);
}

export function heading(name: string): string {
  return `.SH ${name.toUpperCase()}\n`;
}

export function subheading(name: string): string {
  return `.SS ${text(name)}\n`;
}

export function paragraph(words: string): string {
  return `.PP\n${filled(words)}\n`;
}

/** A term, with its placeholders in italics, and what it means. */
export function item(term: string, meaning: string): string {
  return `.TP\n${term}\n${filled(meaning)}\n`;
}

export function bold(words: string): string {
  return String.raw`\fB${text(words)}\fR`;
}

export function italic(words: string): string {
  return String.raw`\fI${text(words)}\fR`;
}

/** Lines as they are. */
export function listing(lines: readonly string[]): string {
  return `.PP\n.RS 4\n.nf\n${lines.map((line) => text(line.replaceAll('`', '\u0001')).replaceAll('\u0001', String.raw`\(ga`)).join('\n')}\n.fi\n.RE\n`;
}

/** The first line of a page. The date is the build's, or that of SOURCE_DATE_EPOCH, so that a build can be repeated. */
export function title(name: string, section: number): string {
  const seconds = process.env['SOURCE_DATE_EPOCH'];
  const date = new Date(seconds === undefined ? Date.now() : Number(seconds) * 1000).toISOString().slice(0, 10);
  return `.\\" Made by offload manual from the table of commands and settings.\n.TH ${name} ${section} ${date} "offload ${VERSION}" "offload manual"\n`;
}
