import { commonReasons, type Reason, sizeReason } from './apache-conditions.js';
import { comment } from './apache-quote.js';
import { ifBlock } from './apache-if.js';
import type { Rules } from './directives.js';
import { excludedExtensions } from './extensions.js';
import { type Flavour, type OutputOptions, preamble, asText } from './output.js';

/** For the server or a virtual host with a front controller: `<If>` and `Redirect`, no mod_rewrite. */
export const apacheAlias: Flavour = (rules, options) => {
  const head = preamble(rules, options, 'apache-alias', [
    "Install: into the server's configuration or a <VirtualHost> (Include it), then `apachectl configtest` and",
    '`apachectl graceful`. Modules: alias, headers. Works beside any .htaccess.',
    'Scripts and types are known here by the extension only, passwords by the Authorization header.',
  ]);
  if (!rules.engine) return asText([...head, comment('OffloadEngine is Off: nothing to do.')]);
  const reasons = [...commonReasons(rules), ...earlyReasons(rules, options), ...sizeReason(rules)];
  return asText([...head, '', ...ifBlock(rules, reasons)]);
};

/** What stands in for handler, type and authentication, which `<If>` can't see yet. */
export function earlyReasons(rules: Rules, options: OutputOptions): Reason[] {
  const types = excludedExtensions(rules.excludeMimeType);
  return [
    { why: 'a password is sent', expr: "-n req_novary('Authorization')" },
    { why: 'ScriptAlias', expr: "-n note('alias-forced-type')" },
    { why: 'a script, or a page that is put together', expr: hasExtension(options.dynamic) },
    ...(types.length > 0 ? [{ why: 'OffloadExcludeMimeType', expr: hasExtension(types) }] : []),
  ];
}

/** An expression for "the file's name has one of these extensions", anywhere in it, as mod_mime counts them. */
export function hasExtension(extensions: readonly string[]): string {
  const names = extensions.map((extension) => extension.replace(/[^A-Za-z0-9]/g, '\\$&')).join('|');
  return `%{REQUEST_FILENAME} =~ m#\\.(?:${names})(?:\\.[^/]*)?$#i`;
}

