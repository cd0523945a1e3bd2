/** Letters that a person may have got wrong. */
const MOST = 3;

/**
 * Number of letters to insert, delete or replace to make one word of the other (Levenshtein); Infinity if more than `most`.
 */
function distance(one: string, other: string, most: number): number {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const [a, b] = [one.slice(same), other.slice(same)];
  if (a === b) return 0;
  if (most === 0) return Infinity;
  const [restOfA, restOfB] = [a.slice(1), b.slice(1)];
  return 1 + Math.min(distance(restOfA, b, most - 1), distance(a, restOfB, most - 1), distance(restOfA, restOfB, most - 1));
}

/** The name that a person may have meant, or undefined; `Timeout` and `OFFLOAD_TIMEOUT` mean OffloadTimeout too. */
export function suggest(written: string, names: readonly string[]): string | undefined {
  const word = written.toLowerCase().replaceAll(/[_-]/g, '');
  let best: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const known = name.toLowerCase();
    const steps = Math.min(distance(word, known, MOST), distance(`offload${word}`, known, MOST));
    if (steps < least) {
      least = steps;
      best = name;
    }
  }
  return best;
}
