import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../support/pattern.js';
import type { Ran } from './programs.js';
import type { Seen } from './tap.js';

/** Makes a file of bytes that are nowhere the same. */
export function makeFile(path: string, seed: number, size: number): void {
  writeFileSync(path, patternBytes(seed, 0, size));
}

/** Each file below `dir` with its size, hash and, if `times`, its time of change. */
export function tree(dir: string, { times = false } = {}): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(dir, name)).isFile());
  return Object.fromEntries(names.sort().map((name) => [name, describeFile(join(dir, name), times)]));
}

/** Size and hash of a file and, if `times`, its time of change. */
export function describeFile(path: string, times = false): string {
  const bytes = readFileSync(path);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return `${bytes.length} ${hash}${times ? ` ${statSync(path).mtime.toISOString()}` : ''}`;
}

/** Requests as lines: method, path, Range, status, bytes of body (an error's text is each server's own). */
export function lines(requests: readonly Seen[]): string[] {
  return requests.map(({ method, target, headers, status, bytes }) => [method, target, headers.get('Range') ?? '', status, status < 400 ? bytes : '-'].join(' '));
}

/** Bytes of all bodies. */
export function bytesOf(requests: readonly Seen[]): number {
  return requests.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Each status once; a request that was given up before its answer has none. */
export function statuses(requests: readonly Seen[]): number[] {
  return [...new Set(requests.map(({ status }) => status))].filter((status) => status > 0).sort((a, b) => a - b);
}

/** There were requests for parts, and whoever asked for a part got one. How many got an answer at all, before another had the file, is chance. */
export function assertPieces(requests: readonly Seen[]): void {
  assert.ok(requests.filter(({ headers }) => headers.has('Range')).length > 0, lines(requests).join('\n'));
  for (const { headers, status } of requests) assert.ok(status === 0 || status === (headers.has('Range') ? 206 : 200), lines(requests).join('\n'));
}

/** A program that must have done its job. */
export function succeeded(ran: Ran): Ran {
  assert.equal(ran.exit, 0, `${ran.stdout}${ran.stderr}`);
  return ran;
}
