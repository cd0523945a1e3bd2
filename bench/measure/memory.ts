import { readFileSync } from 'node:fs';
import { tree } from './cpu.js';

/** Memory of one process, or of several together, in KB (proc(5), smaps_rollup). */
export interface Memory {
  /** Each shared page counts in parts for those who share it, so that a sum over processes is what they take together. */
  readonly pss: number;
  /** Private and not backed by a file: heap, stacks, what V8 made. */
  readonly anonymous: number;
  readonly resident: number;
  readonly processes: number;
}

const NONE: Memory = { pss: 0, anonymous: 0, resident: 0, processes: 0 };

export function memoryOf(pid: number): Memory {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  } catch {
    return NONE;
  }
  const value = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { pss: value('Pss'), anonymous: value('Pss_Anon'), resident: value('Rss'), processes: 1 };
}

/** Of a server with all its processes. */
export function treeMemory(roots: readonly number[]): Memory {
  return tree(roots)
    .map(memoryOf)
    .reduce(
      (sum, one) => ({
        pss: sum.pss + one.pss,
        anonymous: sum.anonymous + one.anonymous,
        resident: sum.resident + one.resident,
        processes: sum.processes + one.processes,
      }),
      NONE,
    );
}
