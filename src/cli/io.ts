/** Where a command reads and writes; the test gives its own. Text is written as UTF-8, bytes as they are. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: Out;
  readonly stderr: Out;
}

export interface Out {
  write(chunk: Uint8Array | string): unknown;
  /** Whether a person reads it at a terminal. */
  readonly isTTY?: boolean;
}

/** Exit codes of the commands. */
export const EXIT = { done: 0, failed: 1, refused: 2 } as const;
