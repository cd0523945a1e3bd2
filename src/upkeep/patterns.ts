import { Problem } from '../cli/problem.js';
import type { Origin } from '../settings/settings.js';

/** The path of a URL of this base, as requests for it have it: `/a.zip`, or `https://www.example.org/a.zip`. @throws Problem */
export function pathOf(text: string, { href }: Pick<Origin, 'href'>): string {
  const path = text.startsWith(`${href}/`) ? text.slice(href.length) : text;
  if (!path.startsWith('/')) throw new Problem(text, `must be a path that begins with /, or a URL of OffloadBase, ${href}`);
  if (path.includes('?') || path.includes('#')) throw new Problem(text, 'has a query or a fragment; only plain files are cached');
  return escaped(path);
}

/** As clients send it: what may not stand in a request is percent-encoded. */
function escaped(path: string): string {
  return path.replace(/[^!-~]+/gu, (text) => encodeURIComponent(text));
}

/** Whether a path is meant by one of the patterns: `*` is any text, also with slashes, `?` one character. None: all are. @throws Problem */
export function matcher(patterns: readonly string[], { href }: Pick<Origin, 'href'>): (path: string) => boolean {
  const all = patterns.map((text) => {
    const pattern = text.startsWith(`${href}/`) ? text.slice(href.length) : text;
    if (!/^[/*]/.test(pattern)) throw new Problem(text, `must begin with / or *, or be a URL of OffloadBase, ${href}`);
    const source = escaped(pattern).replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's');
  });
  return (path) => all.length === 0 || all.some((pattern) => pattern.test(path));
}

export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}
