import { bucketExpr, type Reason } from './apache-conditions.js';
import { argument, comment } from './apache-quote.js';
import { bucketPattern } from './bucket-pattern.js';
import { type Choice, choiceTree, type Tree } from './choice.js';
import type { Rules } from './directives.js';
import { indent } from './output.js';
import { Problem } from '../cli/problem.js';

/**
 * The rules as `<If>` sections with a `Redirect` for each host, for servers where mod_rewrite is in other hands.
 * `Redirect` appends the rest of the path itself, escaped anew.
 */
export function ifBlock(rules: Rules, reasons: readonly Reason[]): string[] {
  if (rules.linkDuplicates) {
    throw new Problem('OffloadLinkDuplicates', 'needs mod_rewrite; use --server apache or htaccess, or switch it off');
  }
  const stay = reasons.map(({ expr }) => `!(${expr})`).join(' && ');
  return [
    ...reasons.map(({ why }) => comment(`not for: ${why}`)),
    `<If ${argument(stay)}>`,
    ...indent([
      ...branches(rules, choiceTree(rules), ''),
      '<IfModule mod_headers.c>',
      `  Header always set Cache-Control no-store ${argument('expr=%{REQUEST_STATUS} -eq 307')}`,
      '</IfModule>',
    ]),
    '</If>',
  ];
}

/** Nested `<If>`, `<ElseIf>` and `<Else>` for a tree: as few questions as there are digits and hosts. */
function branches(rules: Rules, tree: Tree, prefix: string): string[] {
  const parts =
    tree.kind === 'leaves'
      ? tree.leaves.map(({ buckets, choice }) => ({ pattern: bucketPattern(buckets), body: redirect(choice) }))
      : tree.trees.map(({ digit, tree: below }) => ({ pattern: digit, body: branches(rules, below, prefix + digit) }));
  if (parts.length === 1) return parts[0]?.body ?? [];
  return parts.flatMap(({ pattern, body }, index) => {
    const test = argument(`${bucketExpr(rules)} =~ /^${prefix}${pattern}/`);
    if (index === 0) return [`<If ${test}>`, ...indent(body), '</If>'];
    if (index < parts.length - 1) return [`<ElseIf ${test}>`, ...indent(body), '</ElseIf>'];
    return ['<Else>', ...indent(body), '</Else>'];
  });
}

function redirect([best]: Choice): string[] {
  return [`Redirect 307 / ${argument(`${best?.href}/`)}`];
}
