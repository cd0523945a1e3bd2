import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a configuration of bench/ to `target`, with each `@name@` filled in. @throws if one has no value */
export function writeConfig(source: string, target: string, values: Readonly<Record<string, string | number>>): void {
  const text = readFileSync(join(__dirname, '..', source), 'utf8');
  const filled = text.replace(/@([a-zA-Z]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${source}: @${name}@ has no value`);
    return String(value);
  });
  writeFileSync(target, filled);
}
