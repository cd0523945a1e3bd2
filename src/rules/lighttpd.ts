import { bucketName } from './spread.js';
import { choices } from './choice.js';
import { ownAddresses } from './apache-conditions.js';
import type { Rules } from './directives.js';
import { luaPattern, luaString } from './lua.js';
import { type Flavour, indent, type OutputOptions, preamble, asText } from './output.js';
import { Problem } from '../cli/problem.js';
import type { Wildcard } from './wildcard.js';

/** Characters of the bucket table in one line of the script. */
const ROW = 96;

/** For lighttpd 1.4.60 or later: a script for mod_magnet, which sees the file's size and type. */
export const lighttpd: Flavour = (rules, options) => {
  if (rules.linkDuplicates) throw new Problem('OffloadLinkDuplicates', 'is not written for lighttpd; switch it off');
  if (options.map !== undefined) throw new Problem('--map', 'is for Apache; leave it out');
  const head = preamble(rules, options, 'lighttpd', [
    'Install: save as offload.lua, and in lighttpd.conf (mod_auth and mod_access before it):',
    '    server.modules += ("mod_magnet")',
    '    magnet.attract-physical-path-to = ("/etc/lighttpd/offload.lua")',
    'Needs lighttpd 1.4.60 or later with Lua (Debian: lighttpd-modules-lua). Scripts go by extension.',
  ]).map((line) => line.replace(/^#/, '--'));
  if (!rules.engine) return asText([...head, 'return 0 -- OffloadEngine is Off']);
  return asText([...head, '', ...script(rules, options)]);
};

function script(rules: Rules, options: OutputOptions): string[] {
  return [
    'local r = lighty.r',
    'local attr, header = r.req_attr, r.req_header',
    'local function matches(text, patterns)',
    '  if not text then return false end',
    '  for _, pattern in ipairs(patterns) do',
    '    if text:lower():find(pattern) then return true end',
    '  end',
    '  return false',
    'end',
    '-- the URL as the client sent it: no query, nothing but a path',
    'local uri = attr["request.orig-uri"]',
    'if attr["request.method"] ~= "GET" or not uri or not uri:find("^/[^?]*$") then return 0 end',
    '-- an offload host asks for the file itself',
    'if header["X-Mod-Offload-Bypass"] then return 0 end',
    ...table('hosts_addresses', ownAddresses(rules), (address) => `[${luaString(address)}] = true`),
    'if hosts_addresses[attr["request.remote-addr"]] then return 0 end',
    '-- a password was needed',
    'if r.req_env["AUTH_TYPE"] or r.req_env["REMOTE_USER"] then return 0 end',
    ...stayIf('OffloadExcludeAddress', 'attr["request.remote-addr"]', rules.excludeAddress),
    ...stayIf('OffloadExcludeUserAgent', 'header["User-Agent"]', rules.excludeUserAgent),
    ...stayIf('OffloadExcludePath', 'attr["uri.path"]', rules.excludePath),
    ...stayIf('OffloadOnlyPath', 'attr["uri.path"]', rules.onlyPath, 'not '),
    '-- a plain file, big enough, no script',
    'local path = attr["physical.path"]',
    'local file = path and lighty.c.stat(path)',
    `if not file or not file["is_file"] or file["st_size"] < ${rules.minSize} then return 0 end`,
    ...table('scripts', options.dynamic, (extension) => `[${luaString(extension)}] = true`),
    'for extension in path:lower():match("[^/]*$"):gmatch("%.([^.]+)") do',
    '  if scripts[extension] then return 0 end',
    'end',
    ...stayIf('OffloadExcludeMimeType', 'file["content-type"]', rules.excludeMimeType),
    ...choose(rules),
  ];
}

function stayIf(why: string, subject: string, wildcards: readonly Wildcard[], not = ''): string[] {
  if (wildcards.length === 0) return [];
  const patterns = wildcards.map((wildcard) => luaString(luaPattern(wildcard))).join(', ');
  return [`-- ${why}`, `if ${not}matches(${subject}, {${patterns}}) then return 0 end`];
}

function table(name: string, items: readonly string[], entry: (item: string) => string): string[] {
  return [`local ${name} = {${items.map(entry).join(', ')}}`];
}

function choose(rules: Rules): string[] {
  const hosts = rules.hosts.filter(({ weight }) => weight > 0);
  const width = hosts.length > 256 ? 4 : 2;
  const digits = choices(rules).map(([best]) => hosts.findIndex((host) => host === best).toString(16).padStart(width, '0'));
  const rows = digits.join('').match(new RegExp(`.{1,${ROW}}`, 'g')) ?? [];
  const key = rules.choose === 'hash' ? 'attr["uri.path"]' : 'tostring(os.time())';
  return [
    `-- the host for each of the ${digits.length} buckets (${bucketName(0)} to ${bucketName(digits.length - 1)}), ${width} hex digits each`,
    'local hosts = {',
    ...indent(hosts.map(({ href }) => `${luaString(href)},`)),
    '}',
    'local homes = table.concat {',
    ...indent(rows.map((row) => `"${row}",`)),
    '}',
    `local bucket = tonumber(lighty.c.md("md5", ${key}):sub(1, 3), 16)`,
    `local home = tonumber(homes:sub(bucket * ${width} + 1, bucket * ${width} + ${width}), 16)`,
    'r.resp_header["Location"] = hosts[home + 1] .. uri',
    'r.resp_header["Cache-Control"] = "no-store"',
    'return 307',
  ];
}
