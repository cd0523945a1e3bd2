import { within } from '../wait.js';

/**
 * Holds a body at a byte until the test lets it go: the way to make a race happen
 * for certain, without sleeping. One gate may hold any number of answers.
 */
export class Gate {
  #at: number;
  #waiting = 0;
  #watchers: { readonly count: number; readonly tell: () => void }[] = [];
  #moved: (() => void)[] = [];

  /** @param at offset in the file (not in a partial answer) of the first byte that is held back */
  constructor(at = 0) {
    this.#at = at;
  }

  /** The first byte that is held back; Infinity after `release`. */
  get at(): number {
    return this.#at;
  }

  /** How many answers are held here now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when `count` answers are held here at once (now, if they are). */
  async reached(count = 1, timeout?: number): Promise<void> {
    if (this.#waiting >= count) return;
    const come = new Promise<void>((tell) => this.#watchers.push({ count, tell }));
    await within(come, () => `${count} answers held at the gate; ${this.#waiting} are`, timeout);
  }

  /** Lets everything pass, now and later. */
  release(): void {
    this.moveTo(Infinity);
  }

  /** Lets bytes up to offset `at` pass. */
  moveTo(at: number): void {
    this.#at = at;
    const moved = this.#moved;
    this.#moved = [];
    for (const go of moved) go();
  }

  /** For the origin: waits at the gate until it moves, or until `closed`. */
  async pass(closed: Promise<void>): Promise<void> {
    this.#waiting++;
    this.#watchers = this.#watchers.filter(({ count, tell }) => {
      if (this.#waiting < count) return true;
      tell();
      return false;
    });
    await Promise.race([closed, new Promise<void>((resolve) => this.#moved.push(resolve))]);
    this.#waiting--;
  }
}
