import type { OffloadHost } from './offload-host.js';
import type { Rules } from './directives.js';
import { BUCKETS, bucketName, spread } from './spread.js';

/** Hosts for a bucket, best first: the first is redirected to, others are named as duplicates. */
export type Choice = readonly OffloadHost[];

/** How many hosts a redirect names when `OffloadLinkDuplicates` is on. */
export const MAX_CHOICE = 3;
/** More branches than this after one another cost more than another level does. */
const MAX_BRANCHES = 16;

/** A decision tree: buckets (their remaining hex digits) lead to a choice, or by their first digit to another tree. */
export type Tree =
  | { readonly kind: 'leaves'; readonly leaves: readonly { readonly buckets: readonly string[]; readonly choice: Choice }[] }
  | { readonly kind: 'digits'; readonly trees: readonly { readonly digit: string; readonly tree: Tree }[] };

/** The hosts for each bucket. */
export function choices(rules: Rules): Choice[] {
  return spread(rules.hosts, rules.linkDuplicates ? MAX_CHOICE : 1);
}

/** The decision tree for all buckets: flat for few hosts, by digits for many. */
export function choiceTree(rules: Rules): Tree {
  const all = choices(rules);
  return grow(Array.from({ length: BUCKETS }, (_, bucket) => ({ name: bucketName(bucket), choice: all[bucket] ?? [] })));
}

function grow(buckets: readonly { readonly name: string; readonly choice: Choice }[]): Tree {
  const leaves = new Map<string, { buckets: string[]; choice: Choice }>();
  for (const { name, choice } of buckets) {
    const key = choice.map(({ href }) => href).join(' ');
    const leaf = leaves.get(key);
    if (leaf) leaf.buckets.push(name);
    else leaves.set(key, { buckets: [name], choice });
  }
  if (leaves.size <= MAX_BRANCHES) return { kind: 'leaves', leaves: [...leaves.values()] };
  const digits = [...new Set(buckets.map(({ name }) => name[0] ?? ''))];
  const trees = digits.map((digit) => {
    const below = buckets.filter(({ name }) => name[0] === digit);
    return { digit, tree: grow(below.map(({ name, choice }) => ({ name: name.slice(1), choice }))) };
  });
  return { kind: 'digits', trees };
}
