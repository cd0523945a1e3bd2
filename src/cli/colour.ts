import type { Out } from './io.js';

/** Puts a text into a colour, or leaves it as it is. */
type Paint = (text: string) => string;

export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

const asIs: Paint = (text) => text;
export const PLAIN: Colours = { bold: asIs, dim: asIs, red: asIs, green: asIs, yellow: asIs };

/** Colours on a terminal that has them, if NO_COLOR (no-color.org) is empty or not set. */
export function coloursOf(out: Out, env: Readonly<Record<string, string | undefined>> = process.env): Colours {
  if (out.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return PLAIN;
  const paint = (start: number, end: number): Paint => (text) => `\x1b[${start}m${text}\x1b[${end}m`;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) };
}
