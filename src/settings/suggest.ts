/** Number of letters to insert, delete or replace to make one word of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}

/** The name that a person may have meant, or undefined; `Timeout` and `OFFLOAD_TIMEOUT` mean OffloadTimeout too. */
export function suggest(written: string, names: readonly string[]): string | undefined {
  if (written.length > 60) return undefined;
  const word = written.toLowerCase().replaceAll(/[_-]/g, '');
  let best: string | undefined;
  let least = 4;
  for (const name of names) {
    const known = name.toLowerCase();
    const steps = Math.min(distance(word, known), distance(`offload${word}`, known));
    if (steps < least) {
      least = steps;
      best = name;
    }
  }
  return best;
}
