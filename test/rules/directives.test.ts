import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseRules, type Rules } from '../../src/rules/directives.js';
import { settingsLines } from '../../src/rules/output.js';
import { tempDir } from '../support/place.js';
import { rules, written } from './commands.js';

function parse(text: string, section?: number): Rules {
  return parseRules({ file: 'httpd.conf', text, ...(section === undefined ? {} : { section }) });
}

/** A fragment as an mod_offload user has it, with what stands around it. */
const FRAGMENT = String.raw`# our site
LoadModule offload_module modules/mod_offload.so
Listen 80
<VirtualHost *:80>
  ServerName www.example.org
  DocumentRoot "/srv/www"
  <Directory "/srv/www">
    Options Indexes FollowSymLinks
    Require all granted
  </Directory>
  <IfModule mod_offload.c>
    offloadengine on
    OffloadHost offload1.example.org
    OffloadHost offload2.example.org:8080
    OffloadMinSize 10240
    OffloadExcludeMimeType text/h*
    OffloadExcludeUserAgent "Mozilla/5.0 (compatible; Googlebot*"
    OffloadExcludeAddress 192.168.*
    OffloadDebug Off
  </IfModule>
  <IfModule !mod_offload.c>
    OffloadNothing here
  </IfModule>
  RewriteRule ^/a\
    /b [L]
  OffloadBase http://www.example.org
</VirtualHost>
`;

describe('directives', () => {
  it('are found in an existing configuration, whatever stands around them', () => {
    assert.deepEqual(settingsLines(parse(FRAGMENT)), [
      'OffloadEngine On',
      'OffloadHost http://offload1.example.org',
      'OffloadHost http://offload2.example.org:8080',
      'OffloadMinSize 10240',
      'OffloadExcludeMimeType "text/h*"',
      'OffloadExcludeUserAgent "Mozilla/5.0 (compatible; Googlebot*"',
      'OffloadExcludeAddress "192.168.*"',
      'OffloadChoose hash',
    ]);
  });

  it('of the original mean what they meant: off unless switched on, 5 KiB, a host named twice gets twice the share', () => {
    assert.equal(parse('OffloadHost a').engine, false);
    const { minSize, hosts, choose } = parse('OffloadEngine On\nOffloadHost a\nOffloadHost b\nOffloadHost A\n');
    assert.equal(minSize, 5120);
    assert.equal(choose, 'hash');
    assert.deepEqual(hosts.map(({ href, weight }) => [href, weight]), [['http://a', 2], ['http://b', 1]]);
  });

  it('name hosts in every form', () => {
    const hrefOf = (text: string): string | undefined => parse(`OffloadEngine On\nOffloadHost ${text}\nOffloadHost z`).hosts[0]?.href;
    const forms: [string, string][] = [
      ['Offload.Example.ORG', 'http://offload.example.org'],
      ['192.0.2.1:8080', 'http://192.0.2.1:8080'],
      ['https://a.example', 'https://a.example'],
      ['https://a.example:443/', 'https://a.example'],
      ['http://a.example:443/pre/fix/', 'http://a.example:443/pre/fix'],
      ['2001:DB8::1', 'http://[2001:db8::1]'],
      ['[2001:db8::1]:81', 'http://[2001:db8::1]:81'],
      ['b\xc3\xbccher.example', 'http://xn--bcher-kva.example'],
      ['a weight=7 address=192.0.2.9 address=2001:db8::9', 'http://a'],
    ];
    for (const [text, href] of forms) assert.equal(hrefOf(text), href, text);
  });

  it('that can\'t be used are refused with file, line and remedy', () => {
    const on = 'OffloadEngine On\nOffloadHost a\n';
    const bad: [string, RegExp][] = [
      ['OffloadHots a', /^httpd\.conf:3: OffloadHots: unknown directive; did you mean OffloadHost\?/],
      ['OffloadFrobnicate a', /^httpd\.conf:3: OffloadFrobnicate: unknown directive; known are OffloadEngine/],
      ['OfloadHost a', /did you mean OffloadHost/],
      ['OffloadEngine maybe', /^httpd\.conf:3: "maybe" is neither On nor Off/],
      ['OffloadMinSize many', /OffloadMinSize many: write bytes, or 5K/],
      ['OffloadMinSize -1', /OffloadMinSize -1/],
      ['OffloadExcludeUserAgent Google Bot', /put quotes around "Google Bot"/],
      ['OffloadExcludeUserAgent "Google', /a quote is never closed/],
      ['OffloadExcludeUserAgent [abc', /the wildcard "\[abc" has a "\[" at character 1 that no "\]" ends/],
      ['OffloadExcludeUserAgent [z-a]', /has the range "z-a", which runs backwards/],
      ['OffloadExcludeUserAgent "abc\\\\"', /ends in "\\"/],
      ['OffloadExcludeMimeType ""', /is empty/],
      ['OffloadHost', /OffloadHost "": has no name/],
      ['OffloadHost http://', /has no name/],
      ['OffloadHost ftp://a', /ftp is neither http nor https/],
      ['OffloadHost a:99999', /the port must be 1 to 65535/],
      ['OffloadHost a:0', /the port must be/],
      ['OffloadHost 300.1.1.1', /neither a name nor an address/],
      ['OffloadHost 0x7f.1', /neither a name nor an address/],
      ['OffloadHost user@a', /is no host/],
      ['OffloadHost a?b', /is no host/],
      ['OffloadHost a_b..c', /neither a name/],
      ['OffloadHost -a', /neither a name/],
      ['OffloadHost a/../b', /the prefix may hold/],
      ['OffloadHost a/%2e', /the prefix may hold/],
      ["OffloadHost a/$1'", /the prefix may hold/],
      ['OffloadHost [::1', /is no host/],
      ['OffloadHost [fe80::1%25eth0]', /neither a name nor an address/],
      ['OffloadHost a weight=-1', /weight=-1: must be a whole number/],
      ['OffloadHost a weight=1001', /weight=1001/],
      ['OffloadHost a address=b', /"address=b": unknown/],
      ['OffloadHost a b', /"b": unknown; use weight=N or address=IP/],
      ['OffloadChoose random', /use hash or time/],
      ['<VirtualHost *:80>', /^httpd\.conf:3: <VirtualHost> is never closed/],
      ['</VirtualHost>', /closes a section that isn't open/],
      ['<IfModule x>\n</IfDefine>', /^httpd\.conf:4: <\/IfDefine> closes <IfModule>/],
      ['<Location /x>\nOffloadMinSize 1\n</Location>', /OffloadMinSize in <Location \/x>.*OffloadOnlyPath/],
    ];
    for (const [line, message] of bad) assert.throws(() => parse(on + line), { message }, line);
    assert.throws(() => parse('OffloadEngine On'), /no OffloadHost/);
    assert.throws(() => parse('OffloadEngine On\nOffloadHost a weight=0'), /every OffloadHost has weight=0/);
  });

  it('of several sections need a word which are meant', () => {
    const two = 'OffloadEngine Off\n<VirtualHost a>\nOffloadEngine On\nOffloadHost a\n<Directory "/b">\nOffloadEngine On\nOffloadHost b\n</Directory>\n</VirtualHost>\n';
    assert.throws(() => parse(two), /--section 0 or --section 2/);
    assert.equal(parse(two, 0).engine, false);
    assert.deepEqual(parse(two, 2).hosts.map(({ name }) => name), ['a']);
    assert.equal(parse(two, 5).directory, '/b');
  });

  it('of the web server and of the offload side are passed over', () => {
    const text = 'OffloadEngine On\nOffloadHost a\nOffloadBase http://b\nOffloadCacheDir /var/cache\nOffloadDebug On\nHost x\nListen 80\n';
    assert.equal(parse(text).debug, true);
  });
});

describe('offload rules', () => {
  const input = 'OffloadEngine On\nOffloadHost 192.0.2.1\nOffloadHost [2001:db8::1]:81 weight=2\nOffloadHost 192.0.2.3\n';

  for (const server of ['apache', 'apache-alias', 'htaccess', 'redirectmatch', 'nginx', 'lighttpd']) {
    it(`writes the same bytes for the same input, and begins with how it came and what to do: ${server}`, async () => {
      const text = await written(['--server', server], input);
      assert.equal(await written(['--server', server], input), text);
      const [first = ''] = text.split('\n');
      assert.match(first, new RegExp(`Made by offload .*: offload rules --server ${server}$`));
      assert.match(text, /OffloadHost http:\/\/\[2001:db8::1\]:81 weight=2/);
      assert.match(text, /Install: /);
      assert.match(text, /curl -s -o \/dev\/null -D - http:\/\/HOST\/PATH/);
      assert.match(text, /^[\x20-\x7e\n]+$/, 'plain ASCII');
    });

    it(`writes nothing that does anything when the engine is off: ${server}`, async () => {
      const text = await written(['--server', server], 'OffloadEngine Off\nOffloadHost a\n');
      assert.deepEqual(text.split('\n').filter((line) => !/^(?:#|--|return 0|$)/.test(line)), []);
    });
  }

  it('takes flags alone, and flags after a file', async (t) => {
    const file = join(tempDir(t), 'offload.conf');
    writeFileSync(file, input);
    const alone = await rules(['--host', '192.0.2.1', '--host', '192.0.2.2 weight=3', '--exclude-user-agent', '*"my bot"*']);
    assert.equal(alone.code, 0, alone.err);
    assert.match(alone.out, /OffloadHost http:\/\/192\.0\.2\.2 weight=3\n/);
    assert.match(alone.out, /-strcmatch '\*\\042my bot\\042\*'/);
    const both = await rules([file, '--min-size', '1M', '--host', '192.0.2.9']);
    assert.match(both.out, /OffloadHost http:\/\/192\.0\.2\.3\n/);
    assert.match(both.out, /OffloadHost http:\/\/192\.0\.2\.9\n/);
    assert.match(both.out, /-lt 1048576/);
  });

  it('says what is wrong with the command line', async () => {
    const bad: [string[], RegExp][] = [
      [['--server', 'iis', '-'], /--server iis: unknown; use one of apache, apache-alias, htaccess/],
      [['--server', 'caddy', '-'], /--server caddy: can't be made exact with Caddy's own modules/],
      [['--sever', 'x'], /Unknown option '--sever', did you mean --server\? See offload rules --help/],
      [['/no/such/file'], /\/no\/such\/file: can't be read \(ENOENT\)/],
      [['--map', 'relative', '-'], /--map relative: must be an absolute path/],
      [['--server', 'nginx', '--map', '/x', '-'], /--map: nginx reads no map/],
      [['--server', 'apache-alias', '--link-duplicates', 'on', '-'], /OffloadLinkDuplicates: needs mod_rewrite/],
      [['--directory', '/x${y}', '-'], /can't be written into Apache's configuration/],
      [['--extensions', 'a/b', '--server', 'redirectmatch', '-'], /"a\/b" is no extension/],
      [['--root', '/x', '-'], /--root: goes with --mark/],
      [['--host', 'no-such-host.invalid'], /the name can't be looked up .*address=IP, or say --no-resolve/],
    ];
    for (const [args, message] of bad) {
      const { code, out, err } = await rules(args, input);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, message);
      assert.match(err, /^offload rules: /);
    }
  });

  it('looks the names of hosts up, as the original did, unless told otherwise', async () => {
    const addresses = async (...args: string[]): Promise<string[]> => {
      const { out, code, err } = await rules(args);
      assert.equal(code, 0, err);
      return [...out.matchAll(/-R '([^']*)'/g)].map(([, address = '']) => address);
    };
    assert.ok((await addresses('--host', 'localhost')).includes('127.0.0.1'));
    assert.deepEqual(await addresses('--host', 'localhost', '--no-resolve'), []);
    assert.deepEqual(await addresses('--host', 'localhost address=192.0.2.7 address=2001:db8::7'), ['192.0.2.7', '2001:db8::7']);
  });

  it('explains itself', async () => {
    const { code, out } = await rules(['--help']);
    assert.equal(code, 0);
    for (const word of ['--server NAME', '--exclude-mime-type WILDCARD', 'OffloadMinSize', '--map FILE']) assert.ok(out.includes(word), word);
  });
});
