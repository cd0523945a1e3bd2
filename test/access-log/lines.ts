import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { waitUntil } from '../support/wait.js';

/** What strict readers of Combined Log Format take, and ours behind it. */
const LINE =
  /^(?<host>\S+) - - \[(?<time>\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?<method>[A-Z]+) (?<url>[^" ]+) (?<protocol>HTTP\/\d\.\d)" (?<status>\d{3}) (?<bytes>\d+|-) "(?<referer>[^"]*)" "(?<agent>[^"]*)" cache=(?<cache>\S+) sent=(?<sent>\S+) ms=(?<ms>\d+) pulled=(?<pulled>\d+)$/;

export type Line = Readonly<Record<'host' | 'time' | 'method' | 'url' | 'protocol' | 'status' | 'bytes' | 'referer' | 'agent' | 'cache' | 'sent' | 'ms' | 'pulled', string>>;

/** The lines of a log in Combined Log Format; throws for one that isn't, for a byte that isn't printable ASCII, and for half a line. */
export function readLog(path: string): Line[] {
  const text = existsSync(path) ? readFileSync(path, 'latin1') : '';
  assert.match(text, /^(?:[\x20-\x7e]+\n)*$/);
  return text.split('\n').slice(0, -1).map((line) => {
    assert.ok(line.length < 4096, `${line.length} bytes`);
    const { groups } = LINE.exec(line) ?? {};
    assert.ok(groups !== undefined, line);
    return groups as unknown as Line;
  });
}

/** Waits for so many lines; a line comes a moment after its answer. */
export function waitForLines(path: string, count: number): Promise<Line[]> {
  return waitUntil(() => readLog(path).length >= count && readLog(path), { what: () => `${count} lines; there are ${JSON.stringify(readLog(path))}` });
}

/** Of the lines, what a test is about. */
export function gist({ method, url, status, bytes, cache, sent, pulled }: Line): string {
  return `${method} ${url} ${status} ${bytes} ${cache} ${sent} ${pulled}`;
}
