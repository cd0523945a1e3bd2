import type { Wildcard } from './wildcard.js';

/** A string literal of Lua; other than plain ASCII goes by number. */
export function luaString(text: string): string {
  const body = text.replace(/[^ !#-[\]-~]/g, (character) => `\\${character.charCodeAt(0).toString().padStart(3, '0')}`);
  return `"${body}"`;
}

/** A Lua pattern that matches, in lower-cased text, what the wildcard matches. */
export function luaPattern(wildcard: Wildcard): string {
  const steps = wildcard.steps.map((step) => {
    if (step.kind === 'many') return '.*';
    if (step.kind === 'one') return '.';
    if (step.kind === 'same') return literal(step.character.toLowerCase());
    return `[${step.negated ? '^' : ''}${members(step.ranges)}]`;
  });
  return `^${steps.join('')}$`;
}

function literal(character: string): string {
  return /[A-Za-z0-9\x80-\xff]/.test(character) ? character : `%${character}`;
}

/** Every member by itself: ranges of other than letters and digits mean nothing certain in Lua. */
function members(ranges: readonly (readonly [string, string])[]): string {
  const all = new Set<string>();
  for (const [low, high] of ranges) {
    for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code++) {
      const character = String.fromCharCode(code);
      all.add(character);
      if (/[A-Z]/.test(character)) all.add(character.toLowerCase());
    }
  }
  return [...all].map(literal).join('');
}
