/** How often a file was asked for, and how many bytes of it went out. */
export interface Use {
  requests: number;
  bytes: number;
}

/**
 * The files that were sent most, in bounded memory: when there are too many the lesser half is forgotten, so that the
 * figure of a file that is not among the first may be too low, that of one that stands out is right.
 */
export class Top {
  readonly #uses: Map<string, Use>;

  constructor(
    private readonly most: number,
    uses: readonly (readonly [url: string, requests: number, bytes: number])[] = [],
  ) {
    this.#uses = new Map(uses.map(([url, requests, bytes]) => [url, { requests, bytes }]));
  }

  add(url: string, requests: number, bytes: number): void {
    const use = this.#uses.get(url);
    if (use !== undefined) {
      use.requests += requests;
      use.bytes += bytes;
      return;
    }
    if (this.#uses.size >= 2 * this.most) this.shrink();
    this.#uses.set(url, { requests, bytes });
  }

  addAll(other: Top): void {
    for (const [url, { requests, bytes }] of other.#uses) this.add(url, requests, bytes);
  }

  shrink(): void {
    const kept = this.first(this.most);
    this.#uses.clear();
    for (const [url, use] of kept) this.#uses.set(url, use);
  }

  /** Those with most bytes; of equals those with most requests. */
  first(count: number): [url: string, use: Use][] {
    return [...this.#uses].sort(([, a], [, b]) => b.bytes - a.bytes || b.requests - a.requests).slice(0, count);
  }

  toJSON(): (readonly [string, number, number])[] {
    return this.first(this.most).map(([url, { requests, bytes }]) => [url, requests, bytes] as const);
  }
}
