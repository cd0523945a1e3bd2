import { type Reason, bucketExpr, GET_LINE, LINKABLE_GET_LINE } from './apache-conditions.js';
import { comment, rewriteArgument } from './apache-quote.js';
import { bucketPattern } from './bucket-pattern.js';
import { type Choice, choiceTree, type Tree } from './choice.js';
import type { Rules } from './directives.js';

/** The name of the RewriteMap that `offload hosts` keeps. */
export const MAP_NAME = 'offload-hosts';

/** Handlers and types that say the answer is made, not read: a script, a type map, a file with its own headers. */
const DYNAMIC: Reason[] = [
  { why: 'a script, a type map, a file with its own headers', expr: "-n %{HANDLER} && %{HANDLER} != 'default-handler'" },
  { why: 'the same, by its type', expr: "%{CONTENT_TYPE} -strmatch 'application/x-httpd-*' || %{CONTENT_TYPE} -strmatch 'application/x-type-map*' || %{CONTENT_TYPE} -strmatch 'httpd/*'" },
  { why: 'a page that is put together', expr: "%{REQUEST_FILENAME} -strcmatch '*.shtml'" },
  { why: 'a password was needed', expr: '-n %{AUTH_TYPE}' },
];

/**
 * The rules as a block of mod_rewrite: a chain of reasons to stay that skips the rest, then the choice of a host.
 * @param reasons besides those that only mod_rewrite sees (handler, type, authentication)
 * @param redirect the rules that choose a host: from {@link mapRules}, {@link treeRules} or `tableRules`
 * @param readOnce false for `.htaccess`, where what is quick to read counts more than what is quick to ask
 */
export function rewriteBlock(reasons: readonly Reason[], redirect: readonly string[], readOnce: boolean): string[] {
  const all = [...DYNAMIC, ...reasons];
  const count = redirect.filter((line) => line.startsWith('RewriteRule')).length;
  return [
    'RewriteEngine On',
    comment('Apache 2.4.64 takes every "expr" for true (CVE-2025-54090): there, this serves all files here.'),
    'RewriteCond expr "false" [OR]',
    ...all.flatMap((reason, index) => [
      comment(reason.why),
      `RewriteCond ${(readOnce ? undefined : reason.condition?.map(rewriteArgument).join(' ')) ?? exprCondition(reason)}${index < all.length - 1 ? ' [OR]' : ''}`,
    ]),
    `RewriteRule ^ - [S=${count}]`,
    ...redirect,
  ];
}

/** mod_rewrite would take a "!" at the beginning for its own. */
function exprCondition({ expr }: Reason): string {
  return `expr ${rewriteArgument(expr.replace(/^!.*/s, '($&)'))}`;
}

/** Marks redirects, and nothing else, as not to be stored; adds the duplicates. */
export function redirectHeaders(rules: Rules): string[] {
  return [
    'Header always set Cache-Control no-store env=OFFLOADED',
    ...(rules.linkDuplicates
      ? [1, 2].map((pri) => `Header always add Link "<%{OFFLOAD_DUPLICATE${pri}}e>; rel=duplicate; pri=${pri}" env=OFFLOAD_DUPLICATE${pri}`)
      : []),
  ];
}

/** Asks the map that `offload hosts` writes. */
export function mapRules(rules: Rules): string[] {
  return [
    comment("the host by the first three digits of the URL's hash; the map is written by `offload hosts`"),
    `RewriteCond expr "${bucketExpr(rules)} =~ /^([0-9a-f]{3})/"`,
    `RewriteCond "\${${MAP_NAME}:%1}" "^(https?://[^ ]+)$"`,
    'RewriteRule ^ - [E=OFFLOAD_TO:%1]',
    ...toRules(rules),
  ];
}

/** The redirect to the first of the hosts (`A|B|C`) in the variable OFFLOAD_TO. */
export function toRules(rules: Rules): string[] {
  return [
    ...(rules.linkDuplicates ? [1, 2].flatMap(linkRules) : []),
    `RewriteCond "%{ENV:OFFLOAD_TO} %{THE_REQUEST}" "^(https?://[^| ]+)[^ ]* ${GET_LINE.slice(1)}"`,
    'RewriteRule ^ "%1%2" [R=307,NE,L,E=OFFLOADED:1]',
  ];
}

/** The second or third host of the map's line, as a link. */
function linkRules(number: number): string[] {
  return [
    `RewriteCond "%{ENV:OFFLOAD_TO} %{THE_REQUEST}" "^${'[^|]*\\|'.repeat(number)}([^| ]+)[^ ]* ${LINKABLE_GET_LINE.slice(1)}"`,
    `RewriteRule ^ - [E=OFFLOAD_DUPLICATE${number}:%1%2]`,
  ];
}

/** Hosts written into the block, as regular expressions: quick to ask, slow to read, so for what is read once. */
export function treeRules(rules: Rules): string[] {
  const tree = choiceTree(rules);
  if (tree.kind === 'leaves' && tree.leaves.length === 1) return branchRules(tree, '');
  return [
    comment("the host by the first three digits of the URL's hash"),
    `RewriteCond expr "${bucketExpr(rules)} =~ /^([0-9a-f]{3})/"`,
    'RewriteRule ^ - [E=OFFLOAD_BUCKET:%1]',
    ...branchRules(tree, ''),
  ];
}

/** Rules for a tree below the buckets' first digits `prefix`. The last branch needs no condition: it is what's left. */
function branchRules(tree: Tree, prefix: string): string[] {
  if (tree.kind === 'leaves') {
    return tree.leaves.flatMap(({ buckets, choice }, index) => {
      const condition = `RewriteCond %{ENV:OFFLOAD_BUCKET} "^${prefix}${bucketPattern(buckets)}"`;
      return leafRules(choice, index < tree.leaves.length - 1 ? [condition] : []);
    });
  }
  return tree.trees.flatMap(({ digit, tree: below }, index) => {
    const rules = branchRules(below, prefix + digit);
    if (index === tree.trees.length - 1) return rules;
    const count = rules.filter((line) => line.startsWith('RewriteRule')).length;
    return [`RewriteCond %{ENV:OFFLOAD_BUCKET} "!^${prefix}${digit}"`, `RewriteRule ^ - [S=${count}]`, ...rules];
  });
}

/** The redirect to a choice's first host. The last condition has the capture that the rule uses: Apache needs it so. */
function leafRules([best, ...others]: Choice, conditions: readonly string[]): string[] {
  const duplicates = others.map(({ href }, index) => `E=OFFLOAD_DUPLICATE${index + 1}:${href}%1`);
  return [
    ...(duplicates.length > 0
      ? [...conditions, `RewriteCond %{THE_REQUEST} "${LINKABLE_GET_LINE}"`, `RewriteRule ^ - [${duplicates.join(',')}]`]
      : []),
    ...conditions,
    `RewriteCond %{THE_REQUEST} "${GET_LINE}"`,
    `RewriteRule ^ "${best?.href}%1" [R=307,NE,L,E=OFFLOADED:1]`,
  ];
}
