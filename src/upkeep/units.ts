import { type Arguments, flag } from '../cli/arguments.js';
import { Problem } from '../cli/problem.js';
import { BadValue } from '../settings/bad-value.js';
import { duration, sizeOrShare } from '../settings/values.js';

/** Milliseconds of a flag like `--older-than 12h`; undefined if it isn't given. @throws Problem */
export function flagDuration(given: Arguments, name: string): number | undefined {
  return parsed(given, name, duration);
}

/** Bytes of a flag like `--rate 5M`; undefined if it isn't given. @throws Problem */
export function flagBytes(given: Arguments, name: string): number | undefined {
  const size = parsed(given, name, sizeOrShare);
  if (size === undefined) return undefined;
  if ('bytes' in size && size.bytes > 0) return size.bytes;
  throw new Problem(`--${name} ${flag(given, name) ?? ''}`, 'not a number of bytes; write one like 500K or 5M');
}

function parsed<T>(given: Arguments, name: string, parse: (text: string) => T): T | undefined {
  const text = flag(given, name);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof BadValue ? new Problem(`--${name} ${text}`, error.message) : error;
  }
}

/** `1.4 GiB`: bytes for people, in powers of 1024, as settings have them. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1023.5 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `3 files`, `1 file`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2026-11-22 16:50`, in the machine's own time. */
export function timeText(milliseconds: number): string {
  const time = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return time.toISOString().slice(0, 16).replace('T', ' ');
}
