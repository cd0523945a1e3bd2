import { commonReasons, sizeReason, typeReasons } from './apache-conditions.js';
import { comment, pathArgument } from './apache-quote.js';
import { MAP_NAME, mapRules, redirectHeaders, rewriteBlock, treeRules } from './apache-rewrite.js';
import { type Flavour, indent, preamble, asText } from './output.js';

/** For the server or a virtual host: mod_rewrite in `<Directory>`, which sees what the original module saw. */
export const apache: Flavour = (rules, options) => {
  const install = [
    'Install: into the server\'s configuration or a <VirtualHost> (Include it), then `apachectl configtest` and',
    '`apachectl graceful`. Modules: rewrite, headers. The directory needs Options FollowSymLinks (or',
    'SymLinksIfOwnerMatch): without it mod_rewrite answers 403. An .htaccess that says RewriteEngine On',
    '(WordPress and the like) switches these rules off below it: use --server apache-alias there.',
  ];
  const head = preamble(rules, options, 'apache', install);
  if (!rules.engine) return asText([...head, comment('OffloadEngine is Off: nothing to do.')]);
  const reasons = [...commonReasons(rules), ...typeReasons(rules), ...sizeReason(rules)];
  const block = rewriteBlock(reasons, options.map === undefined ? treeRules(rules) : mapRules(rules), true);
  const body = [...(rules.debug ? ['LogLevel rewrite:trace3'] : []), ...block, ...redirectHeaders(rules)];
  const map = options.map === undefined ? [] : [`RewriteMap ${MAP_NAME} ${pathArgument(`txt:${options.map}`, '--map')}`];
  const sections = options.directories.flatMap((directory) => [
    `<Directory ${pathArgument(directory, '--directory')}>`,
    ...indent(body),
    '</Directory>',
  ]);
  return asText([...head, '', ...map, ...sections]);
};
