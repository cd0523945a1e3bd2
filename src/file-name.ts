/** The longest name, in characters: file systems allow 255, eCryptfs 143, and names get endings. */
const LONGEST = 120;

/**
 * A file name for any Latin-1 text: different names for different texts, and never `.`, `..` or a slash. Slashes become
 * commas, so that a URL can still be read. A long text's end becomes its hash; a hash for all would cost each CGI process
 * 3 ms to load node:crypto.
 */
export function fileName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9.-]/g, (c) => (c === '/' ? ',' : `_${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
  if (name.length <= LONGEST) return withoutDot(name);
  const { createHash } = require('node:crypto') as typeof import('node:crypto');
  // No other name has a `~`.
  return withoutDot(`${name.slice(0, LONGEST - 65)}~${createHash('sha256').update(text, 'latin1').digest('hex')}`);
}

/** In front it would hide the file, or name a directory above. */
function withoutDot(name: string): string {
  return name.startsWith('.') ? `_2e${name.slice(1)}` : name;
}
