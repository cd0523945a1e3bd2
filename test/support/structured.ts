import { strict as assert } from 'node:assert';

/** A list member of RFC 8941: its token or string, and its parameters (true: a bare one). */
export interface Member {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string | number | boolean>;
}

/** Parses a structured list whose members are tokens or strings, strictly (RFC 8941 §4.2.1). Throws where the grammar is broken. */
export function parseList(text: string): Member[] {
  let rest = text;
  const take = (what: string, pattern: RegExp): string => {
    const [found] = pattern.exec(rest) ?? [];
    assert.ok(found !== undefined, `${what} expected at “${rest}” of “${text}”`);
    rest = rest.slice(found.length);
    return found;
  };
  const item = (what: string): string => take(what, /^(?:[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*|"(?:[ !#-[\]-~]|\\["\\])*")/);
  const members: Member[] = [];
  for (;;) {
    if (members.length > 0) take('a comma', /^[ \t]*,[ \t]*/);
    const name = item('a token or string');
    const parameters = new Map<string, string | number | boolean>();
    while (rest.startsWith(';')) {
      take('a semicolon', /^; */);
      const key = take('a key', /^[a-z*][a-z0-9_.*-]*/);
      if (!rest.startsWith('=')) parameters.set(key, true);
      else {
        take('=', /^=/);
        parameters.set(key, /^-?\d/.test(rest) ? Number(take('an integer', /^-?\d{1,15}/)) : item('a value'));
      }
    }
    members.push({ name, parameters });
    if (rest === '') return members;
  }
}
