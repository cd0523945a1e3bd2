import { types as typesByExtension } from 'mime-types';
import { matchesWildcard, type Wildcard } from './wildcard.js';

/** Extensions that servers usually give to something that makes its answer. */
export const DYNAMIC_EXTENSIONS: readonly string[] = [
  'asis', 'asp', 'aspx', 'cfm', 'cgi', 'fcgi', 'jsp', 'jspx', 'lua', 'phar', 'php', 'php3', 'php4', 'php5', 'php7', 'php8',
  'phps', 'phtml', 'pl', 'py', 'rb', 'shtml', 'var',
];

/** Kinds of files that are big as a rule: what `redirectmatch` offloads if it isn't told. */
const BIG = /^(?:video|audio)\/|^image\/|^font\/|^application\/(?:.*(?:zip|compressed|tar|diskimage|iso9660|archive|package|pdf|octet-stream|epub|flatpak|debian|rpm|wasm|rar|7z|bzip|xz|lzip|lzma))/;

/** Extensions of which the type matches one of the wildcards, in order. */
export function excludedExtensions(wildcards: readonly Wildcard[]): string[] {
  return extensionsOf((type) => wildcards.some((wildcard) => matchesWildcard(wildcard, type)));
}

/** Extensions of big kinds of files, without those that are excluded or scripts. */
export function bigExtensions(excluded: readonly Wildcard[], dynamic: readonly string[]): string[] {
  const out = new Set([...excludedExtensions(excluded), ...dynamic]);
  return extensionsOf((type) => BIG.test(type)).filter((extension) => !out.has(extension));
}

function extensionsOf(wanted: (type: string) => boolean): string[] {
  return Object.entries(typesByExtension)
    .filter(([extension, type]) => /^[a-z0-9+-]+$/i.test(extension) && wanted(type))
    .map(([extension]) => extension)
    .sort();
}
