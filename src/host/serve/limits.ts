import { readFileSync } from 'node:fs';

/** A request takes at most four descriptors: its connection, another one that waits for its turn, a file, one to the base. */
const PER_REQUEST = 4;
/** What the process needs besides. */
const OWN = 64;
/** Each takes up to 300 KB of memory while it is sent (measured with 1,000). */
const MOST = 4_000;

/** How many requests may run at once, by the descriptors that this process may have. */
export function mostRequests(): number {
  return Math.max(1, Math.min(MOST, Math.floor((openFiles() - OWN) / PER_REQUEST)));
}

function openFiles(): number {
  try {
    // Node has raised the soft limit to the hard one.
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
