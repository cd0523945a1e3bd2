import { earlyReasons, hasExtension } from './apache-alias.js';
import { commonReasons } from './apache-conditions.js';
import { comment } from './apache-quote.js';
import { ifBlock } from './apache-if.js';
import { bigExtensions } from './extensions.js';
import { markReason, sizeNote } from './htaccess.js';
import { type Flavour, preamble, asText } from './output.js';
import { Problem } from '../cli/problem.js';

/**
 * For hosts that allow nothing but mod_alias, in `.htaccess` too: by extension. Offload hosts are told by their bypass
 * header and their addresses, so that they can't be sent in circles.
 */
export const redirectmatch: Flavour = (rules, options) => {
  const head = preamble(rules, options, 'redirectmatch', [
    'Install: into the .htaccess of the document root, or the configuration of a <Directory> or <VirtualHost>.',
    'Needs AllowOverride FileInfo, mod_alias, and mod_headers for Cache-Control.',
    'Files are chosen by extension (--extensions LIST); other types, scripts and passwords as far as that shows them.',
    ...sizeNote(rules, options),
  ]);
  if (!rules.engine) return asText([...head, comment('OffloadEngine is Off: nothing to do.')]);
  const extensions = options.extensions ?? bigExtensions(rules.excludeMimeType, options.dynamic);
  if (extensions.length === 0) throw new Problem('--server redirectmatch', 'no extension is left; use --extensions LIST');
  const kind = { why: `files without one of ${extensions.length} extensions`, expr: `!(${lastExtension(extensions)})` };
  const reasons = [...commonReasons(rules), kind, ...earlyReasons(rules, options), ...markReason(rules, options)];
  return asText([...head, '', ...ifBlock(rules, reasons)]);
};

function lastExtension(extensions: readonly string[]): string {
  return hasExtension(extensions).replace('(?:\\.[^/]*)?$', '$');
}
