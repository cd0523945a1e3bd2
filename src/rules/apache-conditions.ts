import { exprMatches, exprString } from './apache-quote.js';
import type { Rules } from './directives.js';
import type { Wildcard } from './wildcard.js';

/** A reason to serve the file here: an Apache expression that is true then. */
export interface Reason {
  readonly why: string;
  readonly expr: string;
  /** The same for mod_rewrite, if it has a shorter way: test string and pattern of a RewriteCond. */
  readonly condition?: readonly [string, string];
}

/** A GET line whose URL has no query; the capture is the URL's path as the client sent it, byte for byte. */
export const GET_LINE = '^GET (?:[A-Za-z][A-Za-z0-9+.-]*://[^/ ?]*)?(/[^ ?]*) HTTP/';
/** The same, if the path can stand between `<` and `>` in a Link header without ending it. */
export const LINKABLE_GET_LINE = GET_LINE.replace('[^ ?]*)', '[!#-;=@-\\[\\]_a-z~]*)');

/** What every flavour for Apache can ask, in `<Directory>`, `<If>` and `.htaccess` alike. */
export function commonReasons(rules: Rules): Reason[] {
  const agent = '%{req_novary:User-Agent}';
  return [
    { why: 'another method than GET, or a query', expr: "%{REQUEST_METHOD} != 'GET' || %{THE_REQUEST} -strmatch '*[?]*'" },
    { why: 'no plain file, or more of a path behind it', expr: '! -f %{REQUEST_FILENAME} || -n %{PATH_INFO}' },
    { why: "an error page, or a script's or rewrite's choice of file", expr: "-n reqenv('REDIRECT_STATUS')" },
    { why: 'a part of another page', expr: "%{IS_SUBREQ} == 'true'" },
    { why: 'an offload host asks for the file itself', expr: "-n req_novary('X-Mod-Offload-Bypass')" },
    ...addressReasons(rules),
    ...matching('OffloadExcludeAddress', '%{REMOTE_ADDR}', rules.excludeAddress),
    ...matching('OffloadExcludeUserAgent', agent, rules.excludeUserAgent),
    ...matching('OffloadExcludePath', '%{REQUEST_URI}', rules.excludePath),
    ...onlyPath(rules),
  ];
}

/** The size check; not to be had in `.htaccess`. */
export function sizeReason(rules: Rules): Reason[] {
  if (rules.minSize === 0) return [];
  return [{ why: 'OffloadMinSize', expr: `filesize(%{REQUEST_FILENAME}) -lt ${rules.minSize}` }];
}

/** The type check, where the type is known already. */
export function typeReasons(rules: Rules): Reason[] {
  return matching('OffloadExcludeMimeType', '%{CONTENT_TYPE}', rules.excludeMimeType);
}

/** The expression of which the first three hex digits are the bucket. */
export function bucketExpr(rules: Rules): string {
  return `md5(${rules.choose === 'hash' ? '%{REQUEST_URI}' : '%{TIME}'})`;
}

/** Addresses that offload hosts ask from, each once, in an order of their own. */
export function ownAddresses(rules: Rules): string[] {
  return [...new Set(rules.hosts.flatMap(({ addresses }) => addresses))].sort();
}

/**
 * The original's guard against loops. Not `-ipmatch`: that looks the client's address up for each comparison (5 ms a
 * request with 256 hosts). In `.htaccess`, which is read for every request, a search in a list is read quicker.
 */
function addressReasons(rules: Rules): Reason[] {
  const own = ownAddresses(rules);
  const list = [`%{REMOTE_ADDR} ${own.join(' ')} `, '^(\\S+) (?:\\S+ )*?\\1 '] as const;
  return anyOf('an offload host by its address', own.map((ip) => `-R ${exprString(ip)}`)).map((reason) => ({ ...reason, condition: list }));
}

function matching(why: string, subject: string, wildcards: readonly Wildcard[]): Reason[] {
  return anyOf(why, wildcards.map((wildcard) => exprMatches(subject, wildcard)));
}

function anyOf(why: string, exprs: readonly string[]): Reason[] {
  return exprs.length === 0 ? [] : [{ why, expr: exprs.join(' || ') }];
}

function onlyPath(rules: Rules): Reason[] {
  const [matches] = matching('OffloadOnlyPath', '%{REQUEST_URI}', rules.onlyPath);
  return matches ? [{ why: matches.why, expr: `!(${matches.expr})` }] : [];
}
