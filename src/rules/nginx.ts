import { ownAddresses } from './apache-conditions.js';
import { comment } from './apache-quote.js';
import { bucketPattern } from './bucket-pattern.js';
import { choices } from './choice.js';
import type { Rules } from './directives.js';
import { excludedExtensions } from './extensions.js';
import { type Flavour, indent, type OutputOptions, preamble, asText } from './output.js';
import { Problem } from '../cli/problem.js';
import { bucketName } from './spread.js';
import { type Wildcard, wildcardSource } from './wildcard.js';

/** A reason to stay: the variable that is not empty then, and the lines that make it. */
interface Check {
  readonly variable: string;
  readonly lines: readonly string[];
}

/** For nginx without njs: maps decide, `try_files` (which runs after access checks) carries it out. */
export const nginx: Flavour = (rules, options) => {
  if (rules.linkDuplicates) throw new Problem('OffloadLinkDuplicates', 'is not written for nginx; switch it off');
  if (options.map !== undefined) throw new Problem('--map', 'nginx reads no map at run time; leave it out');
  const head = preamble(rules, options, 'nginx', [
    'Install: part 1 into http { }, part 2 into the server { } whose root has the files; then in each location that',
    'serves files:',
    '    try_files $offload_try $uri/ @offload;',
    'which nginx asks after auth_basic, allow and deny. Not in a location that passes to FastCGI, uwsgi or a proxy.',
    ...sizeNote(rules, options),
    'nginx without njs can\'t see the type either: OffloadExcludeMimeType and scripts go by extension here.',
    'Hosts are spread by nginx\'s own hash: a file has one home here too, but not the one that Apache would choose.',
  ]);
  if (!rules.engine) return asText([...head, comment('OffloadEngine is Off: nothing to do.')]);
  const checks = allChecks(rules, options);
  return asText([
    ...head,
    '',
    comment('Part 1, in http { }'),
    ...checks.flatMap(({ lines }) => lines),
    ...hostLines(rules),
    ...map(`"${checks.map(({ variable }) => variable).join('')}"`, '$offload_to', ['"" $offload_host;', 'default "";']),
    comment('volatile: $uri changes when an index file is found'),
    ...map('$offload_to', '$offload_try', ['volatile;', '"" $uri;', 'default /.offload/none;']),
    '',
    comment('Part 2, in server { }'),
    'location @offload {',
    ...indent([
      'if (!-f $request_filename) { return 404; }',
      'if ($offload_to = "") { return 404; }',
      'add_header Cache-Control no-store;',
      'return 307 $offload_to$request_uri;',
    ]),
    '}',
  ]);
};

function sizeNote(rules: Rules, options: OutputOptions): string[] {
  if (options.marks !== undefined) throw new Problem('--mark', `is for htaccess and redirectmatch, not for nginx`);
  return rules.minSize === 0
    ? []
    : [`NO SIZE CHECK: nginx without njs can't ask for a file's size, so OffloadMinSize ${rules.minSize} has no effect.`];
}

function allChecks(rules: Rules, options: OutputOptions): Check[] {
  const extensions = [...new Set([...excludedExtensions(rules.excludeMimeType), ...options.dynamic])].sort();
  const names = extensions.map((name) => name.replace(/[^A-Za-z0-9]/g, '\\$&')).join('|');
  return [
    check('method', 'another method than GET', '$request_method', ['GET "";', 'default 1;']),
    check('url', 'a query, or a directory', '$request_uri', ['"~^/[^?]*[^/?]$" "";', 'default 1;']),
    check('bypass', 'an offload host asks for the file itself', '$http_x_mod_offload_bypass', ['"" "";', 'default 1;']),
    check('password', 'a password is sent', '$http_authorization', ['"" "";', 'default 1;']),
    check('extension', 'scripts, and OffloadExcludeMimeType', '$uri', [`"~*\\.(?:${names})(?:\\.[^/]*)?$" 1;`, 'default "";']),
    ...hostCheck(rules),
    ...wildcardCheck('address', 'OffloadExcludeAddress', '$remote_addr', rules.excludeAddress, true),
    ...wildcardCheck('agent', 'OffloadExcludeUserAgent', '$http_user_agent', rules.excludeUserAgent, true),
    ...wildcardCheck('path', 'OffloadExcludePath', '$uri', rules.excludePath, true),
    ...wildcardCheck('other', 'OffloadOnlyPath', '$uri', rules.onlyPath, false),
  ];
}

function check(name: string, why: string, subject: string, body: readonly string[]): Check {
  const variable = `$offload_not_${name}`;
  return { variable, lines: [comment(`not for: ${why}`), ...map(subject, variable, body)] };
}

/** Stays if a wildcard matches (`matched`), or if none does. Nothing there matches no wildcard. */
function wildcardCheck(
  name: string,
  why: string,
  subject: string,
  wildcards: readonly Wildcard[],
  matched: boolean,
): Check[] {
  if (wildcards.length === 0) return [];
  const rows = wildcards.map((wildcard) => `"~*(?s)${wildcardSource(wildcard)}" ${matched ? '1' : '""'};`);
  return [check(name, why, subject, ['"" "";', ...rows, `default ${matched ? '""' : '1'};`])];
}

function hostCheck(rules: Rules): Check[] {
  const addresses = ownAddresses(rules);
  if (addresses.length === 0) return [];
  const rows = addresses.map((address) => `${address} 1;`);
  const lines = [comment('not for: an offload host by its address'), 'geo $offload_not_host {', ...indent(['default "";', ...rows]), '}'];
  return [{ variable: '$offload_not_host', lines }];
}

/** Three digits by three salted hashes: `split_clients` alone can't cut 4,096 equal pieces. */
function hostLines(rules: Rules): string[] {
  const key = rules.choose === 'hash' ? '$uri' : '$time_iso8601';
  const digits = Array.from('0123456789abcde', (digit) => `6.25% ${digit};`);
  const split = ['a', 'b', 'c'].flatMap((salt) => [
    `split_clients "${salt}${key}" $offload_${salt} {`,
    ...indent([...digits, '* f;']),
    '}',
  ]);
  const buckets = new Map<string, string[]>();
  for (const [bucket, [host]] of choices(rules).entries()) {
    const href = host?.href ?? '';
    buckets.set(href, [...(buckets.get(href) ?? []), bucketName(bucket)]);
  }
  const rows = [...buckets].map(([href, names]) => `"~^${bucketPattern(names)}$" "${href}";`);
  return [comment('the host'), ...split, ...map('"$offload_a$offload_b$offload_c"', '$offload_host', rows)];
}

function map(subject: string, variable: string, body: readonly string[]): string[] {
  return [`map ${subject} ${variable} {`, ...indent(body), '}'];
}
