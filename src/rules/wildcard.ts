/** One step of a wildcard: `*`, `?`, a set of characters, or the character itself. */
type Step =
  | { readonly kind: 'many' }
  | { readonly kind: 'one' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly kind: 'same'; readonly character: string };

/** A wildcard as `apr_fnmatch` with `APR_FNM_CASE_BLIND` reads it; strings are bytes (latin1). */
export interface Wildcard {
  readonly text: string;
  readonly steps: readonly Step[];
}

/** Why a wildcard can't be used; the caller knows where it stands. */
export class WildcardFault extends Error {}

/**
 * Takes a wildcard apart: `*`, `?`, `[a-z]`, `[!x]`, `[^x]`, and `\` before a character that stands for itself.
 * @throws {WildcardFault} if it is empty, ends in `\`, or has a set that doesn't end or runs backwards.
 */
export function parseWildcard(text: string): Wildcard {
  if (text === '') throw new WildcardFault('is empty; it would match nothing');
  if (/\p{Cc}/u.test(text.replace(/[\x80-\xff]/g, ''))) throw new WildcardFault('holds a control character');
  const steps: Step[] = [];
  for (let at = 0; at < text.length; ) {
    const character = text[at] ?? '';
    if (character === '[') {
      const [set, next] = parseSet(text, at);
      steps.push(set);
      at = next;
      continue;
    }
    if (character === '\\' && at + 1 === text.length) throw new WildcardFault('ends in "\\"; write "\\\\" for the character');
    if (character === '*') {
      if (steps.at(-1)?.kind !== 'many') steps.push({ kind: 'many' });
    } else if (character === '?') steps.push({ kind: 'one' });
    else steps.push({ kind: 'same', character: character === '\\' ? (text[++at] ?? '') : character });
    at++;
  }
  return { text, steps };
}

function parseSet(text: string, start: number): [Step, number] {
  let at = start + 1;
  const negated = text[at] === '!' || text[at] === '^';
  if (negated) at++;
  const ranges: (readonly [string, string])[] = [];
  const member = (): string => {
    if (text[at] === '\\') at++;
    const character = text[at++];
    if (character === undefined) throw unended(start);
    return character;
  };
  // A `]` right after the opening is a character like any other.
  for (let first = true; first || text[at] !== ']'; first = false) {
    const low = member();
    if (text[at] !== '-' || text[at + 1] === ']' || text[at + 1] === undefined) {
      ranges.push([low, low]);
      continue;
    }
    at++;
    const high = member();
    if (high < low) throw new WildcardFault(`has the range "${low}-${high}", which runs backwards`);
    ranges.push([low, high]);
  }
  return [{ kind: 'set', negated, ranges }, at + 1];
}

function unended(start: number): WildcardFault {
  return new WildcardFault(`has a "[" at character ${start + 1} that no "]" ends; write "\\[" for the character`);
}

/** A regular expression with the same meaning, for PCRE and JavaScript; to be matched case-blind. */
export function wildcardSource(wildcard: Wildcard): string {
  return `^${wildcard.steps.map(source).join('')}$`;
}

function source(step: Step): string {
  switch (step.kind) {
    case 'many':
      return '.*';
    case 'one':
      return '.';
    case 'same':
      return escapeCharacter(step.character);
    default:
      return `[${step.negated ? '^' : ''}${step.ranges.map(rangeSource).join('')}]`;
  }
}

function rangeSource([low, high]: readonly [string, string]): string {
  return low === high ? escapeCharacter(low) : `${escapeCharacter(low)}-${escapeCharacter(high)}`;
}

function escapeCharacter(character: string): string {
  if (/[A-Za-z0-9_/ ,:;@=~<>!]/.test(character)) return character;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** Whether the wildcard matches the whole of `text`, upper and lower case alike. */
export function matchesWildcard(wildcard: Wildcard, text: string): boolean {
  return new RegExp(wildcardSource(wildcard), 'is').test(text);
}

/** Some text that the wildcard matches: to show that an exclusion works. */
export function wildcardExample(wildcard: Wildcard): string {
  return wildcard.steps.map(example).join('');
}

function example(step: Step): string {
  if (step.kind === 'same') return step.character;
  if (step.kind === 'many') return '';
  if (step.kind === 'one') return 'x';
  if (!step.negated) return step.ranges[0]?.[0] ?? '';
  const set = new RegExp(source(step), 'i');
  return Array.from('xyzabcdefghijklmnopqrstuvw0123456789-').find((character) => set.test(character)) ?? '~';
}
