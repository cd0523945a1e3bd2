import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lacking, serverDir, type WebServer } from '../support/servers/server.js';
import type { Cleanup } from '../support/place.js';
import { written } from './commands.js';
import { makeSite, siteConfig } from './site.js';
import { type Answer, ask, PHP, put, startApache } from './support.js';

const skip = lacking('apache2') || (PHP === undefined && "needs Debian's libapache2-mod-php");
const HOSTS = ['http://127.0.0.2:81', 'https://offload.example/pre', 'http://[2001:db8::1]:81'];
const INPUT = `OffloadEngine On
OffloadHost 127.0.0.2:81
OffloadHost https://offload.example/pre address=192.0.2.1
OffloadHost [2001:db8::1]:81
OffloadExcludeUserAgent *bot*
OffloadOnlyPath *
OffloadExcludePath *.private`;

/** Requests that would like to be redirected elsewhere, to write a header, or to crash something. */
const NASTY: readonly string[] = [
  '//evil.example', '//evil.example/big.bin', '/\\evil.example/big.bin', '/%5cevil.example/..%2fbig.bin', '///big.bin',
  'http:big.bin', 'http:/big.bin', 'http:///big.bin', 'http://@evil.example/big.bin', 'http://evil.example:80/big.bin',
  'HTTP://evil.example/big.bin', 'ftp://evil.example/big.bin', 'javascript:/big.bin', 'x-y+z.1://e/big.bin', '@evil.example/big.bin',
  '.evil.example/big.bin', ':80/big.bin', '/@evil.example/../big.bin', '/.//../big.bin', '/%2e/big.bin', '/%2e%2e%2f/big.bin',
  '/big.bin%0d%0aLocation:%20http://evil.example', '/big.bin%0aX: y', '/big.bin\x0bx', '/big.bin\x7f', '/big.bin%00', '/big.bin\t',
  '/$1', '/%1', '/%251', '/$0$1$2$9', '/%{ENV:OFFLOADED}', '/${offload-hosts:000}', '/${tolower:A}', '/%{HTTP:Host}', '/%%1', '/&', '/\\1',
  '/odd/dollar$1.bin', '/odd/%1.bin', '/odd/%251.bin', '/odd/quote".bin', "/odd/apos'.bin", '/odd/<angle>.bin',
  '/big.bin>;rel=duplicate,<http://evil.example/../../big.bin', '/odd/../x>;y="z/../big.bin', '/"/../big.bin', '/%22%3e/../big.bin',
  '/a A=http://evil.example/../big.bin', '/A=http://evil.example/../big.bin', '/%20A=http://evil.example/../big.bin',
  '/x|http://evil.example|/../big.bin', '/big.bin|', '/big.bin#http://evil.example', '/big.bin;a=b', '/big.bin,', '/big.bin HTTP/1.1 x',
  '*', '', '/', '/.', '/..', '/../..', '/...', '/%', '/%zz', '/%u0041', '/%c0%ae%c0%ae/big.bin', '/\xff\xfe', '/caf\xc3\xa9',
  `/${'a'.repeat(7000)}`, `/${'%41'.repeat(2000)}`, `/${'../'.repeat(500)}big.bin`, `/${'x/../'.repeat(1000)}big.bin`, `/${'/'.repeat(4000)}big.bin`,
  `/${'('.repeat(3000)}`, `/big.bin${'.'.repeat(3000)}`,
];

/** Random URLs from pieces that mean something to somebody. The seed is fixed: a failure can be had again. */
function randomUrls(count: number): string[] {
  const pieces = [
    '/', '//', '.', '..', '/../', 'big.bin', 'odd/', 'dir/', 'evil.example', 'http://', '@', ':', '\\', '%5c', '%2f', '%2e', '%0d%0a', '%00',
    '%', '%%', '$1', '%1', '%25', '${x:y}', '%{X}', '?', '#', ';', ',', '&', '=', '"', "'", '<', '>', '|', '^', '`', '{', '}', '[', ']', '(',
    ')', '*', '+', '~', '!', '\x01', '\t', ' ', '\xe9', '\xc3\xa9', 'a', 'A=', '.php', '.cgi', '.shtml', '.bin', 'HTTP/1.1',
  ];
  let seed = 20_261_122;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => {
    const middle = Array.from({ length: next(8) }, () => pieces[next(pieces.length)] ?? '').join('');
    return next(2) === 0 ? `/${middle}` : `/${middle}/../big.bin`;
  });
}

const SETUPS: readonly (readonly [string, readonly string[], boolean])[] = [
  ['apache', ['--server', 'apache'], false],
  ['apache with duplicates', ['--server', 'apache', '--link-duplicates', 'on'], false],
  ['apache with a map and duplicates', ['--server', 'apache', '--link-duplicates', 'on', '--map', 'PLACE/hosts.map'], false],
  ['apache-alias', ['--server', 'apache-alias'], false],
  ['htaccess', ['--server', 'htaccess'], true],
  ['redirectmatch', ['--server', 'redirectmatch'], true],
];

for (const [name, args, inHtaccess] of SETUPS) {
  describe(`whatever URL is sent: ${name}`, { skip }, () => {
    it('no redirect goes elsewhere, no header is written, nothing crashes', async (t) => {
      const server = await start(t, args, inHtaccess);
      let redirected = 0;
      for (const target of [...NASTY, ...randomUrls(1500)]) {
        const answer = await ask(server.port, target, { headers: ['X-Probe: 1'] }).catch((error: unknown) => String(error));
        const about = `GET ${JSON.stringify(target.slice(0, 200))}`;
        if (typeof answer === 'string') assert.fail(`${about}: ${answer}`);
        if (answer.status === 307) redirected++;
        harmless(answer, about);
      }
      assert.ok(redirected > 300, `${redirected} redirects: the list must reach the rules`);
      assert.doesNotMatch(server.errorLog(), /AH00052|AH00051|exit signal|Segmentation|mod_rewrite.*maximum/i);
    });
  });
}

async function start(t: Cleanup, args: readonly string[], inHtaccess: boolean): Promise<WebServer> {
  const dir = serverDir(t);
  const root = makeSite(dir);
  const text = await written(args.map((each) => each.replace('PLACE', dir)), INPUT);
  if (inHtaccess) put(join(root, '.htaccess'), text);
  return startApache(t, dir, siteConfig(dir) + (inHtaccess ? '' : text));
}

const KNOWN = /^(?:Date|Server|Location|Cache-Control|Link|Content-(?:Length|Type|Location|Language|Encoding)|Connection|Last-Modified|ETag|Accept-Ranges|Vary|TCN|Alternates|Allow|X-Powered-By)$/i;

function harmless(answer: Answer, about: string): void {
  const names = answer.head.split('\r\n').slice(1).map((line) => line.split(':')[0] ?? '');
  for (const name of names) assert.match(name, KNOWN, `${about}: ${answer.head}`);
  assert.ok(answer.all('Location').length <= 1, about);
  const location = answer.one('Location');
  if (answer.status === 307) {
    const rest = HOSTS.map((host) => (location?.startsWith(`${host}/`) === true ? location.slice(host.length) : undefined)).find(Boolean);
    assert.ok(rest !== undefined, `${about}: Location: ${location}`);
    assert.doesNotMatch(rest, /[\0-\x20\x7f?]/, about);
    assert.equal(answer.one('Cache-Control'), 'no-store', about);
  } else {
    assert.equal(answer.one('Cache-Control'), undefined, about);
    // Apache's own redirect to a directory's slash; the host is what the client said.
    if (location !== undefined) assert.match(location, /^http:\/\/localhost(?::\d+)?\//, about);
    assert.deepEqual(answer.all('Link'), [], about);
  }
  for (const link of answer.all('Link')) {
    const [, url = ''] = /^<([^<>"\\^`{|}\s]*)>; rel=duplicate; pri=[12]$/.exec(link) ?? [];
    assert.ok(HOSTS.some((host) => url.startsWith(`${host}/`)), `${about}: Link: ${link}`);
  }
}
