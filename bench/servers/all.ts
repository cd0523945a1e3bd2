import type { Context } from '../part.js';
import { baseItself } from './base.js';
import type { Contender } from './contender.js';
import { emptyNodeCgi, OFFLOADS } from './offload.js';
import { PEERS } from './peers.js';

interface Choice {
  readonly chosen: readonly Contender[];
  /** Who is left out, and why; for the table's notes. */
  readonly left: readonly string[];
}

/** Those that are installed, that a part wants, and that were asked for. */
export function contenders({ match }: Context, wanted: (contender: Contender) => boolean): Choice {
  const all = [...OFFLOADS, emptyNodeCgi, ...PEERS, baseItself].filter((one) => wanted(one) && one.name.includes(match));
  return {
    chosen: all.filter(({ lacks }) => lacks === false),
    left: all.filter(({ lacks }) => lacks !== false).map(({ name, lacks }) => `Left out: ${name}: ${String(lacks)}.`),
  };
}
