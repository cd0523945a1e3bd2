import { setTimeout as sleep } from 'node:timers/promises';

/** Credit that an idle or late sender may use up at once, in milliseconds of the rate. */
const CREDIT = 30;

/** A token bucket: all who take from it share its bytes per second. */
export class RateLimit {
  #bytesPerSecond: number;
  /** When the next byte is due, in the milliseconds of `performance.now()`. */
  #due = 0;

  constructor(bytesPerSecond = Infinity) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  set bytesPerSecond(value: number) {
    this.#bytesPerSecond = value;
    this.#due = 0;
  }

  /** The largest piece to take at once, in bytes, so that many takers progress evenly. */
  get piece(): number {
    return Math.max(1, Math.min(65_536, Math.floor(this.#bytesPerSecond / 100)));
  }

  /** Resolves when `bytes` may go. */
  async take(bytes: number): Promise<void> {
    if (this.#bytesPerSecond === Infinity) return;
    const now = performance.now();
    this.#due = Math.max(this.#due, now - CREDIT) + (bytes / this.#bytesPerSecond) * 1000;
    // Timers are never early by more than their millisecond; what is late is caught up by the credit.
    if (this.#due > now + 1) await sleep(this.#due - now);
  }
}
