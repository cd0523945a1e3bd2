/** Header fields as they came: order, case and Latin-1 bytes untouched. */
export class Fields {
  readonly list: readonly (readonly [name: string, value: string])[];

  constructor(list: readonly (readonly [name: string, value: string])[]) {
    this.list = list;
  }

  /** Takes header lines apart (without their CRLF); a folded line stays with its field, joined by a space. */
  static parse(lines: readonly string[]): Fields {
    const list: [string, string][] = [];
    for (const line of lines) {
      const last = list.at(-1);
      if (/^[ \t]/.test(line) && last !== undefined) last[1] += ` ${line.trim()}`;
      else {
        const colon = line.indexOf(':');
        list.push(colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]);
      }
    }
    return new Fields(list);
  }

  /** The value; several of one name joined by a comma; undefined if there is none. */
  get(name: string): string | undefined {
    const all = this.all(name);
    return all.length === 0 ? undefined : all.join(', ');
  }

  /** Every value of that name, in order. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.list.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }
}
