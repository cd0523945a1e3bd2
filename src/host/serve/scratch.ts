const free = new Map<number, Buffer>();

/** A buffer of this size that nobody holds. It may be borrowed again at once, unless `keepBuffer` is told. */
export function borrowBuffer(size: number): Buffer {
  let buffer = free.get(size);
  if (buffer === undefined) {
    buffer = Buffer.allocUnsafeSlow(size);
    free.set(size, buffer);
  }
  return buffer;
}

/** The borrower still needs it: the next one gets another. */
export function keepBuffer(buffer: Buffer): void {
  free.delete(buffer.length);
}
