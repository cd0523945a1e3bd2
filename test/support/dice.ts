/** A repeatable sequence of choices. */
export class Dice {
  #x: number;

  constructor(seed: number) {
    this.#x = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 1;
  }

  /** From 0 to 1, exclusive. */
  number(): number {
    this.#x ^= this.#x << 13;
    this.#x ^= this.#x >>> 17;
    this.#x ^= this.#x << 5;
    return (this.#x >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `below`, exclusive. */
  below(below: number): number {
    return Math.floor(this.number() * below);
  }

  chance(share: number): boolean {
    return this.number() < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** An independent sequence, for one actor of many: what others do doesn't change what it does. */
  child(number: number): Dice {
    return new Dice(this.#x ^ Math.imul(number + 1, 0x85ebca6b));
  }
}
