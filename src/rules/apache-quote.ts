import type { Wildcard } from './wildcard.js';
import { Problem } from '../cli/problem.js';

const PLAIN = /[A-Za-z0-9 !#()*+,./:;<=>?@[\]^_|~-]/;

/**
 * A string literal for an Apache expression. Everything that the expression, the configuration file (`${`) or a
 * quote around it could take for its own is written in octal, which stands for the byte alone.
 * @param text bytes as latin1
 */
export function exprString(text: string): string {
  let escaped = false; // a digit right after an octal escape would count as part of it
  const safe = text.replace(/[^]/g, (character) => {
    escaped = !PLAIN.test(character) || (escaped && /\d/.test(character));
    return escaped ? `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}` : character;
  });
  return `'${safe}'`;
}

/** A comparison of `subject` with a wildcard, by Apache's own `apr_fnmatch`. Nothing there matches no wildcard. */
export function exprMatches(subject: string, wildcard: Wildcard): string {
  const match = `${subject} -strcmatch ${exprString(wildcard.text)}`;
  return /^\**$/.test(wildcard.text) ? `-n ${subject}` : match;
}

/** An argument of mod_rewrite, which unescapes nothing: it ends at the next quote of its kind. */
export function rewriteArgument(text: string): string {
  return `"${plain(text, /["\r\n]/)}"`;
}

/** An argument of any other directive and of `<If>`, where a backslash must be doubled and a quote escaped. */
export function argument(text: string): string {
  return `"${plain(text, /[\r\n]/).replace(/[\\"]/g, '\\$&')}"`;
}

/** A path for a directive; `${` would be a variable of Apache's. */
export function pathArgument(text: string, where: string): string {
  if (/["\\\r\n]|\$\{|%\{/.test(text)) throw new Problem(where, `${text}: a path with quotes, "\\", "\${" or "%{" can't be written into Apache's configuration`);
  return `"${text}"`;
}

/** What a comment may hold: one line, visible ASCII. */
export function comment(text: string): string {
  return `# ${text.replace(/[^\x20-\x7e]/g, '?').replace(/\\$/, '\\ ')}`.trimEnd();
}

function plain(text: string, forbidden: RegExp): string {
  if (forbidden.test(text)) throw new Error(`not writable as an argument: ${text}`);
  return text;
}
