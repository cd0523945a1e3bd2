import { ODD_NAMES } from './site.js';
import type { AskOptions } from './support.js';

/** The ways to write the rules for Apache, in each context in which they may stand. */
export type Context = 'apache' | 'apache-alias' | 'htaccess' | 'htaccess-marks' | 'redirectmatch';

/** What the base must do with a request. */
export interface Case {
  readonly name: string;
  readonly target: string;
  readonly ask?: AskOptions;
  /** What the original module does: 307, or the status of the answer that the base gives itself. */
  readonly original: number;
  /** Where ours differs, and why it must. */
  readonly differs?: Partial<Record<Context, { readonly status: number; readonly why: string }>>;
  /** What the Location must end in; the raw target if not given. */
  readonly location?: string;
}

const PASSWORD = `Authorization: Basic ${Buffer.from('user:pass').toString('base64')}`;
const REDIRECT_FLAVOURS = ['apache-alias', 'redirectmatch'] as const;
const ALL: readonly Context[] = ['apache', 'apache-alias', 'htaccess', 'htaccess-marks', 'redirectmatch'];

function only(contexts: readonly Context[], status: number, why: string): NonNullable<Case['differs']> {
  return Object.fromEntries(contexts.map((context) => [context, { status, why }]));
}
const unmarked = { status: 307, why: 'no size check without marks' };
const noExtension = { status: 200, why: 'chosen by extension' };

const big = { original: 307 } as const;

/** The checklist of the original, and everything that a URL can do. */
export const CASES: readonly Case[] = [
  { name: 'a big file', target: '/big.bin', ...big },
  { name: 'HEAD', target: '/big.bin', ask: { method: 'HEAD' }, original: 200 },
  { name: 'POST', target: '/big.bin', ask: { method: 'POST', headers: ['Content-Length: 0'] }, original: 200 },
  { name: 'OPTIONS', target: '/big.bin', ask: { method: 'OPTIONS' }, original: 200 },
  { name: 'lower-case get', target: '/big.bin', ask: { method: 'get' }, original: 501 },
  { name: 'a query', target: '/big.bin?a=b', original: 200 },
  { name: 'an empty query', target: '/big.bin?', original: 200 },
  { name: 'HTTP/1.0', target: '/big.bin', ask: { version: '1.0' }, ...big },
  { name: 'a range', target: '/big.bin', ask: { headers: ['Range: bytes=5-9'] }, ...big },
  { name: 'a size of exactly OffloadMinSize', target: '/exact.bin', ...big },
  {
    name: 'a byte less than OffloadMinSize',
    target: '/below.bin',
    original: 200,
    differs: { htaccess: unmarked, redirectmatch: unmarked },
  },
  { name: 'a missing file', target: '/nothing.bin', original: 404 },
  { name: 'a missing file with an error page that is big', target: '/nothing', original: 404 },
  { name: 'more path behind a file', target: '/big.bin/more', original: 404 },
  { name: 'a slash behind a file', target: '/big.bin/', original: 404 },
  { name: 'a directory without its slash', target: '/dir', original: 301 },
  { name: 'a directory with an index', target: '/indexed/', original: 307,
    differs: only(ALL, 200, 'the index is found in a sub-request, in which Apache ignores redirects') },
  { name: 'a directory listing', target: '/empty/', original: 200 },
  { name: 'a file of the index by its name', target: '/dir/index.html', original: 200 },
  { name: 'a symbolic link', target: '/link.bin', ...big },
  { name: 'a file below a linked directory', target: '/linked/big.bin', ...big },
  { name: 'a dangling link', target: '/dangling.bin', original: 403 },
  { name: 'a file that Apache must not read', target: '/unreadable.bin', original: 307 },
  { name: 'an alias', target: '/aliased/big.bin', ...big,
    differs: { htaccess: { status: 200, why: 'outside the .htaccess' }, 'htaccess-marks': { status: 200, why: 'outside the .htaccess' }, redirectmatch: { status: 200, why: 'outside the .htaccess' } } },
  { name: "a user's directory", target: '/~ann/big.bin', ...big,
    differs: { htaccess: { status: 200, why: 'outside the .htaccess' }, 'htaccess-marks': { status: 200, why: 'outside the .htaccess' }, redirectmatch: { status: 200, why: 'outside the .htaccess' } } },
  { name: 'SetHandler None', target: '/none/big.bin', ...big },
  { name: 'a file of unknown type', target: '/unknown', ...big, differs: { redirectmatch: noExtension } },

  { name: 'an excluded type', target: '/page.html', original: 200 },
  { name: 'an excluded type with a charset', target: '/charset.txt.utf8', original: 307,
    differs: { redirectmatch: noExtension, 'apache-alias': { status: 200, why: 'type by extension, without the charset' } } },
  { name: 'MultiViews to an excluded type', target: '/multi/doc', original: 200 },
  { name: 'a type map', target: '/multi/map.var', original: 200 },
  { name: 'an excluded agent', target: '/big.bin', ask: { headers: ['User-Agent: the GOOGLEbot/2.1'] }, original: 200 },
  { name: 'another agent', target: '/big.bin', ask: { headers: ['User-Agent: curl/8'] }, ...big },
  { name: 'an agent with all that must be quoted', target: '/big.bin', ask: { headers: ['User-Agent: a"b\'c\\d$1%{x}${y}e'] }, original: 200 },
  { name: 'an agent almost like it', target: '/big.bin', ask: { headers: ['User-Agent: a"b\'cd$1%{x}${y}e'] }, ...big },
  { name: 'an excluded address', target: '/big.bin', ask: { from: '127.0.7.9' }, original: 200 },
  { name: 'an address beside it', target: '/big.bin', ask: { from: '127.0.8.9' }, ...big },
  { name: "an offload host's own address", target: '/big.bin', ask: { from: '127.0.0.2' }, original: 200 },
  { name: 'the bypass header', target: '/big.bin', ask: { headers: ['X-Mod-Offload-Bypass: true'] }, original: 200 },
  { name: 'the bypass header with any value', target: '/big.bin', ask: { headers: ['x-mod-offload-bypass: 0'] }, original: 200 },

  { name: 'an empty bypass header', target: '/big.bin', ask: { headers: ['X-Mod-Offload-Bypass:'] }, original: 200,
    differs: only(ALL, 307, 'an expression can not tell it from none') },

  { name: 'a CGI script', target: '/script.cgi', original: 200 },
  { name: 'a CGI script by its directory', target: '/run/by-directory', original: 200,
    differs: { 'apache-alias': { status: 307, why: 'the handler is known by extension only: say OffloadExcludePath' } } },
  { name: 'ScriptAlias', target: '/cgi-bin/tool', original: 200 },
  { name: "a script's local redirect to a big file", target: '/cgi-bin/local', original: 307,
    differs: only(ALL, 200, 'the script decided who may have the file') },
  { name: 'a file with its own headers', target: '/sent.asis', original: 200 },
  { name: 'an Action', target: '/acted.act', original: 200,
    differs: { 'apache-alias': { status: 307, why: 'the handler is known by extension only: say --dynamic act' } } },
  { name: 'an Action by type', target: '/acted.gif2', original: 200,
    differs: only(['apache', 'apache-alias', 'htaccess', 'htaccess-marks'], 307, 'not visible in time: say OffloadExcludeMimeType') },
  { name: 'PHP', target: '/page.php', original: 200 },
  { name: 'PHP by AddType', target: '/php-type.ptype', original: 200,
    differs: { 'apache-alias': { status: 307, why: 'the handler is known by extension only: say --dynamic ptype' } } },
  { name: 'a type map by AddType', target: '/multi/by-type.tmap', original: 200,
    differs: { 'apache-alias': { status: 307, why: 'the handler is known by extension only: say --dynamic tmap' } } },
  { name: 'SSI', target: '/page.shtml', original: 307, differs: only(ALL, 200, 'fault of the original: the page is put together') },
  { name: 'an included file', target: '/includes.shtml', original: 200 },

  { name: 'a denied file', target: '/denied/big.bin', original: 403 },
  { name: 'a file with a password, without it', target: '/secret/big.bin', original: 401 },
  { name: 'a file with a password, with it', target: '/secret/big.bin', ask: { headers: [PASSWORD] }, original: 200 },
  { name: 'any of password and address, without the password', target: '/any/big.bin', ...big },
  { name: 'any of password and address, with the password', target: '/any/big.bin', ask: { headers: [PASSWORD] }, ...big,
    differs: only(REDIRECT_FLAVOURS, 200, 'a password that nobody asked for counts') },

  { name: 'Satisfy Any, from elsewhere and without the password', target: '/satisfy/big.bin', original: 401 },
  { name: 'Satisfy Any, from elsewhere with the password', target: '/satisfy/big.bin', ask: { headers: [PASSWORD] }, original: 200 },
  { name: 'Satisfy Any, from the right place', target: '/satisfy/big.bin', ask: { from: '127.0.8.9' }, ...big },
  { name: 'Satisfy Any, from the right place with the password', target: '/satisfy/big.bin', ask: { from: '127.0.8.9', headers: [PASSWORD] }, ...big,
    differs: only(REDIRECT_FLAVOURS, 200, 'a password that nobody asked for counts') },

  { name: 'a file beside a front controller', target: '/wp/file.zip', ...big,
    differs: only(['apache', 'htaccess', 'htaccess-marks'], 200, 'the inner .htaccess switches the engine for itself') },
  { name: 'a small file beside a front controller', target: '/wp/small.css', original: 200 },
  { name: 'the front controller', target: '/wp/a/pretty/page', original: 200 },

  { name: 'percent-encoded letters', target: '/%62ig%2ebin', ...big },
  { name: 'two slashes', target: '//big.bin', ...big },
  { name: 'two slashes and a host', target: '//evil.example/../big.bin', ...big },
  { name: 'dot segments', target: '/dir/./../big.bin', ...big },
  { name: 'encoded dot segments', target: '/dir/%2e%2e/big.bin', ...big },
  { name: 'dot segments above the root', target: '/../big.bin', original: 400 },
  { name: 'an absolute URL', target: 'http://localhost/big.bin', original: 307, location: '/big.bin' },
  { name: "an absolute URL with somebody else's host", target: 'http://evil.example/big.bin', original: 307, location: '/big.bin' },
  { name: 'an encoded slash', target: '/dir%2fbig.bin', original: 404 },
  { name: 'an encoded zero', target: '/big.bin%00.html', original: 404 },
  { name: 'a raw fragment', target: '/big.bin#part', original: 400 },
  { name: 'a back-reference', target: '/$1', original: 404 },
  { name: 'a back-reference in percents', target: '/%251', original: 404 },
  { name: 'a header in the URL', target: '/big.bin%0d%0aSet-Cookie:%20a=b', original: 404 },
  ...ODD_NAMES.map(
    (name): Case => ({ name: `odd name ${JSON.stringify(name)}`, target: `/odd/${percentEncode(name)}`, ...big }),
  ),
  { name: 'odd name in raw bytes', target: '/odd/caf\xc3\xa9.bin', ...big },
  { name: 'odd name in raw quotes', target: '/odd/quote".bin', ...big },
  { name: 'odd name in raw angles', target: '/odd/<angle>.bin', ...big },
  { name: 'odd name with a raw dollar', target: '/odd/dollar$1.bin', ...big },
  { name: 'odd name with raw braces', target: '/odd/dollar${x}.bin', ...big },
];

function percentEncode(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
