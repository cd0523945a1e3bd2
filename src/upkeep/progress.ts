import type { Io } from '../cli/io.js';
import { printable } from '../log.js';

/** A line is drawn this often, in milliseconds. */
const REDRAW = 100;
const BAR = 20;

/** How far a long command is: one line on a terminal, redrawn in place; nothing in a pipe or in cron. */
export class Progress {
  #drawn = -Infinity;
  #shown = false;

  constructor(private readonly io: Io) {}

  /** So much of `total` is done; `text` says what is being done now. */
  show(done: number, total: number, text: string): void {
    const now = performance.now();
    if (this.io.stderr.isTTY !== true || now - this.#drawn < REDRAW) return;
    this.#drawn = now;
    this.#shown = true;
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const bar = '='.repeat(Math.round(share * BAR)).padEnd(BAR);
    const line = `[${bar}] ${String(Math.floor(share * 100)).padStart(3)}% ${printable(text)}`;
    this.io.stderr.write(`\r${line.slice(0, (process.stderr.columns ?? 80) - 1)}\u001b[K`);
  }

  /** A line of its own, above the bar. */
  say(line: string): void {
    this.clear();
    this.io.stderr.write(`${printable(line)}\n`);
  }

  /** Takes the line away: what follows is for the person too. */
  clear(): void {
    if (this.#shown) this.io.stderr.write('\r\u001b[K');
    this.#shown = false;
    this.#drawn = -Infinity;
  }
}
