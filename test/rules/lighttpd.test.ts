import { strict as assert } from 'node:assert';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bucketOf, spread } from '../../src/rules/spread.js';
import type { Cleanup } from '../support/place.js';
import { lacking, launch, program, serverDir, type WebServer } from '../support/servers/server.js';
import { written } from './commands.js';
import { ODD_NAMES } from './site.js';
import { ask, type AskOptions, put } from './support.js';

const skip = lacking('lighttpd') || (!existsSync('/usr/lib/lighttpd/mod_magnet.so') && "needs Debian's lighttpd-modules-lua");
const HOSTS = ['http://127.0.0.2:81', 'http://127.0.0.3:81', 'http://[2001:db8::1]'];
const INPUT = String.raw`OffloadEngine On
${HOSTS.map((href) => `OffloadHost ${href}`).join('\n')}
OffloadExcludeMimeType text/h*
OffloadExcludeUserAgent "*google[a-c]\"bot%*"
OffloadExcludeAddress 127.0.7.*
OffloadExcludePath *.private
OffloadOnlyPath /*`;

async function startLighttpd(t: Cleanup, input: string): Promise<WebServer> {
  const dir = serverDir(t);
  const big = Buffer.alloc(10_240, 'x');
  const names = ['big.bin', 'page.html', 'page.php', 'dir/index.html', 'secret/big.bin', 'x.private', 'script.cgi'];
  for (const name of [...names, ...ODD_NAMES.map((odd) => `odd/${odd}`)]) put(join(dir, 'www', name), big);
  put(join(dir, 'www/exact.bin'), big.subarray(0, 5120));
  put(join(dir, 'www/below.bin'), big.subarray(0, 5119));
  put(join(dir, 'denied/big.bin'), big);
  put(join(dir, 'passwords'), 'user:pass\n');
  writeFileSync(join(dir, 'offload.lua'), await written(['--server', 'lighttpd'], input));
  return launch(t, {
    dir,
    command: (port) => {
      writeFileSync(join(dir, 'lighttpd.conf'), configuration(dir, port));
      return [program('lighttpd'), '-D', '-f', join(dir, 'lighttpd.conf')];
    },
  });
}

function configuration(dir: string, port: number): string {
  return `server.document-root = "${dir}/www"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${dir}/error.log"
server.upload-dirs = ("${dir}")
server.modules = ("mod_auth", "mod_authn_file", "mod_access", "mod_magnet")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".bin" => "application/octet-stream")
auth.backend = "plain"
auth.backend.plain.userfile = "${dir}/passwords"
auth.require = ("/secret/" => ("method" => "basic", "realm" => "secret", "require" => "valid-user"))
url.access-deny = (".denied")
magnet.attract-physical-path-to = ("${dir}/offload.lua")
`;
}

const PASSWORD = `Authorization: Basic ${Buffer.from('user:pass').toString('base64')}`;
const CASES: readonly (readonly [string, string, number, AskOptions?])[] = [
  ['a big file', '/big.bin', 307],
  ['a size of exactly OffloadMinSize', '/exact.bin', 307],
  ['a byte less', '/below.bin', 200],
  ['HEAD', '/big.bin', 200, { method: 'HEAD' }],
  ['a query', '/big.bin?a', 200],
  ['an empty query', '/big.bin?', 200],
  ['a missing file', '/nothing', 404],
  ['more path behind a file', '/big.bin/more', 200],
  ['a directory', '/dir/', 200],
  ['an excluded type', '/page.html', 200],
  ['an excluded path', '/x.private', 200],
  ['an excluded agent', '/big.bin', 200, { headers: ['User-Agent: a GOOGLEb"bot% 1'] }],
  ['an agent almost like it', '/big.bin', 307, { headers: ['User-Agent: a GOOGLEd"bot% 1'] }],
  ['an excluded address', '/big.bin', 200, { from: '127.0.7.1' }],
  ["an offload host's address", '/big.bin', 200, { from: '127.0.0.2' }],
  ['the bypass header', '/big.bin', 200, { headers: ['X-Mod-Offload-Bypass: true'] }],
  ['a password that is missing', '/secret/big.bin', 401],
  ['a password', '/secret/big.bin', 200, { headers: [PASSWORD] }],
  ['escapes', '/%62ig.bin', 307],
  ['dot segments', '/dir/../big.bin', 307],
  ['two slashes', '//big.bin', 307],
  ['a header in the URL', '/big.bin%0d%0aX:y', 400],
  ['a raw quote', '/odd/quote".bin', 307],
];

describe('the rules for lighttpd', { skip }, () => {
  it('decide as mod_offload did', async (t) => {
    const server = await startLighttpd(t, INPUT);
    const { port } = server;
    for (const [name, target, status, options] of CASES) {
      const answer = await ask(port, target, options);
      assert.equal(answer.status, status, `${name}: ${answer.head}\n${server.errorLog()}`);
      assert.equal(answer.one('Cache-Control'), status === 307 ? 'no-store' : undefined, name);
      assert.equal(answer.one('Vary'), undefined, name);
      const [, path] = /^http:\/\/(?:127\.0\.0\.[23]:81|\[2001:db8::1\])(\/.*)$/.exec(answer.one('Location') ?? '') ?? [];
      assert.equal(path, status === 307 ? target : undefined, `${name}: ${answer.head}`);
    }
    for (const target of ['http://localhost/big.bin', '//evil.example/../big.bin']) {
      const answer = await ask(port, target);
      assert.ok(HOSTS.some((host) => answer.one('Location')?.startsWith(`${host}/`)), `${target}: ${answer.head}`);
    }
  });

  it('choose the same host as Apache would, for names with everything in them', async (t) => {
    const { port } = await startLighttpd(t, INPUT);
    const order = spread(HOSTS.map((href) => ({ href, weight: 1 })));
    let redirected = 0;
    for (const name of ODD_NAMES) {
      const target = `/odd/${name.replace(/[^A-Za-z0-9._-]/g, (each) => `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
      const answer = await ask(port, target);
      if (/[\0-\x1f]/.test(name) && answer.status !== 307) continue; // lighttpd refuses control characters
      assert.equal(answer.one('Location'), `${order[bucketOf(`/odd/${name}`)]?.[0]?.href}${target}`, answer.head);
      redirected++;
    }
    assert.ok(redirected > 25);
  });
});
