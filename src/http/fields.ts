/** One header field line; bytes are kept as Latin-1 characters, never re-coded. */
export type Field = readonly [name: string, value: string];

/** A header section (RFC 9110 §5): names are compared case-blind, order and repeats are kept. */
export class Fields {
  /** Values by name in lower case; a hit looks up a dozen. */
  #values: Map<string, string[]> | undefined;

  constructor(readonly list: readonly Field[]) {}

  /** From the flat name, value, name, value list of `node:http`. */
  static fromRaw(raw: readonly string[]): Fields {
    const list: Field[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] as string, raw[i + 1] as string]);
    return new Fields(list);
  }

  all(name: string): readonly string[] {
    this.#values ??= byName(this.list);
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** The field's lines joined by commas, as RFC 9110 §5.3 allows; undefined if there is none. */
  get(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }
}

function byName(list: readonly Field[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of list) {
    const lower = name.toLowerCase();
    const before = values.get(lower);
    if (before === undefined) values.set(lower, [value]);
    else before.push(value);
  }
  return values;
}

/** The members of a comma-separated list field (RFC 9110 §5.6.1), trimmed, empty ones left out. Not for quoted values. */
export function listMembers(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** The directives of Cache-Control (RFC 9111 §5.2), names in lower case; a directive without argument maps to ''. */
export function cacheControl(value: string | undefined): Map<string, string> {
  const directives = new Map<string, string>();
  if (value === undefined) return directives;
  for (const [, name, quoted, token] of value.matchAll(/([^\s,;="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g)) {
    const key = (name as string).toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? token ?? '');
  }
  return directives;
}

/** A delta-seconds argument (RFC 9111 §1.2.2) in milliseconds; undefined if it is none. */
export function deltaSeconds(argument: string | undefined): number | undefined {
  if (argument === undefined || !/^\d+$/.test(argument)) return undefined;
  return Math.min(Number(argument), 2 ** 31) * 1000;
}
