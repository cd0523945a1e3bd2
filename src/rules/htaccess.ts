import { commonReasons, type Reason, typeReasons } from './apache-conditions.js';
import { comment, exprString, pathArgument } from './apache-quote.js';
import { MAP_NAME, mapRules, redirectHeaders, rewriteBlock } from './apache-rewrite.js';
import { tableRules } from './apache-table.js';
import type { Rules } from './directives.js';
import { type Flavour, indent, type OutputOptions, preamble, asText } from './output.js';

/** For `.htaccess`: mod_rewrite, after a front controller's block. Apache refuses `filesize()` there. */
export const htaccess: Flavour = (rules, options) => {
  const head = preamble(rules, options, 'htaccess', [
    'Install: append to the .htaccess of the document root, after any other rewrite block (WordPress and the',
    'like). Needs AllowOverride FileInfo, Options FollowSymLinks or SymLinksIfOwnerMatch, mod_rewrite.',
    ...sizeNote(rules, options),
    ...mapNote(options),
  ]);
  if (!rules.engine) return asText([...head, comment('OffloadEngine is Off: nothing to do.')]);
  const reasons = [...commonReasons(rules), ...typeReasons(rules), ...markReason(rules, options)];
  const headers = ['<IfModule mod_headers.c>', ...indent(redirectHeaders(rules)), '</IfModule>'];
  const redirect = options.map === undefined ? tableRules(rules) : mapRules(rules);
  const block = [...rewriteBlock(reasons, redirect, false), ...headers];
  return asText([...head, '', '<IfModule mod_rewrite.c>', ...indent(block), '</IfModule>']);
};

/** The size check where Apache can't ask for the size: a tree of empty files, one for each big enough file. */
export function markReason(rules: Rules, options: OutputOptions): Reason[] {
  if (rules.minSize === 0 || options.marks === undefined) return [];
  pathArgument(options.marks, '--mark');
  return [{ why: 'OffloadMinSize: the file has no mark', expr: `! -f ${exprString(options.marks)} . %{REQUEST_URI}` }];
}

/** What the reader of the output must know about the size. */
export function sizeNote(rules: Rules, options: OutputOptions): string[] {
  if (rules.minSize === 0) return [];
  if (options.marks === undefined) {
    return [
      `NO SIZE CHECK: Apache can't ask for a file's size here, so OffloadMinSize ${rules.minSize} has no effect.`,
      'With --mark DIR --root DOCUMENTROOT, `offload rules` makes a tree of marks, and rules that ask it.',
    ];
  }
  return [
    `OffloadMinSize ${rules.minSize}: by the marks in ${options.marks}, which cron must refresh:`,
    `    offload rules --mark ${options.marks} --root DOCUMENTROOT ${options.source}`,
  ];
}

/** How the map comes into reach of `.htaccess`, which can't name it itself. */
function mapNote(options: OutputOptions): string[] {
  if (options.map === undefined) return [];
  return [
    'The virtual host must name the map that `offload hosts` keeps:',
    `    RewriteMap ${MAP_NAME} ${pathArgument(`txt:${options.map}`, '--map')}`,
  ];
}
