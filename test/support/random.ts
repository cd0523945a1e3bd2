/** A small generator of pseudo-random numbers: the same ones for the same seed (Marsaglia's xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Latin-1 bytes. */
  bytes(most: number): string {
    return Array.from({ length: this.below(most + 1) }, () => String.fromCharCode(this.below(256))).join('');
  }

  /** Pieces in a row, some of them random bytes: text that gets past the first check of a parser. */
  text(pieces: readonly string[], most: number): string {
    return Array.from({ length: this.below(most + 1) }, () => (this.below(8) === 0 ? this.bytes(4) : this.pick(pieces))).join('');
  }

  /** The same text, with some of it left out, doubled or replaced. */
  mutate(text: string): string {
    let changed = text;
    for (let n = 1 + this.below(4); n > 0; n--) {
      const at = this.below(changed.length + 1);
      const length = this.below(8);
      const rest = changed.slice(at + (this.below(2) === 0 ? length : 0));
      changed = changed.slice(0, at) + (this.below(2) === 0 ? this.bytes(4) : changed.slice(at, at + length)) + rest;
    }
    return changed;
  }
}

const start = Number(process.env['OFFLOAD_FUZZ_SEED'] ?? 20_261_122);
/** Ten times as many by OFFLOAD_FUZZ_ROUNDS=10. */
const times = Number(process.env['OFFLOAD_FUZZ_ROUNDS'] ?? 1);

/** Runs `check` for `count` seeds; what it throws is told with the seed that shows it again (OFFLOAD_FUZZ_SEED). */
export async function fuzz(count: number, check: (random: Random) => void | Promise<void>): Promise<void> {
  for (let seed = start; seed < start + count * times; seed++) {
    const began = process.cpuUsage();
    try {
      await check(new Random(seed));
    } catch (error) {
      throw new Error(`OFFLOAD_FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    // No input of this size may keep a parser busy. CPU time: a busy machine is no fault of the input.
    const { user, system } = process.cpuUsage(began);
    const took = (user + system) / 1000;
    if (took > 3000) throw new Error(`OFFLOAD_FUZZ_SEED=${seed}: took ${took} ms of CPU`);
  }
}
