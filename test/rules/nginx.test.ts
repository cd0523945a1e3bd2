import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Cleanup } from '../support/place.js';
import { lacking, launch, program, serverDir, type WebServer } from '../support/servers/server.js';
import { written } from './commands.js';
import { ask, type AskOptions, put } from './support.js';

const INPUT = String.raw`OffloadEngine On
OffloadHost 127.0.0.2:81
OffloadHost 127.0.0.3:81
OffloadHost [2001:db8::1]
OffloadExcludeMimeType text/h*
OffloadExcludeUserAgent "*google\"bot;{}$x*"
OffloadExcludeAddress 127.0.7.*
OffloadExcludePath *.private
OffloadOnlyPath /*`;

async function startNginx(t: Cleanup, input: string): Promise<WebServer> {
  const dir = serverDir(t);
  const big = Buffer.alloc(10_240, 'x');
  for (const name of ['big.bin', 'page.html', 'page.php', 'dir/index.html', 'secret/big.bin', 'denied/big.bin', 'x.private', 'a b%.bin']) {
    put(join(dir, 'www', name), big);
  }
  put(join(dir, 'passwords'), 'user:{PLAIN}pass\n');
  const [, maps = '', location = ''] = (await written(['--server', 'nginx'], input)).split(/^# Part [12].*$/m);
  return launch(t, {
    dir,
    command: (port) => {
      writeFileSync(join(dir, 'nginx.conf'), configuration(dir, port, maps, location));
      return [program('nginx'), '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')];
    },
  });
}

function configuration(dir: string, port: number, maps: string, location: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/tmp-${name};`).join('\n');
  return `daemon off;
pid ${dir}/nginx.pid;
events {}
http {
  access_log off;
  types { text/html html; }
  default_type application/octet-stream;
  ${temporary}
  ${maps}
  server {
    listen 127.0.0.1:${port};
    root ${dir}/www;
    ${location}
    location / { try_files $offload_try $uri/ @offload; }
    location /secret/ {
      auth_basic secret;
      auth_basic_user_file ${dir}/passwords;
      try_files $offload_try $uri/ @offload;
    }
    location /denied/ { deny all; try_files $offload_try $uri/ @offload; }
  }
}
`;
}

const PASSWORD = `Authorization: Basic ${Buffer.from('user:pass').toString('base64')}`;
const CASES: readonly (readonly [string, string, number, AskOptions?])[] = [
  ['a big file', '/big.bin', 307],
  ['HEAD', '/big.bin', 200, { method: 'HEAD' }],
  ['a query', '/big.bin?a', 200],
  ['an empty query', '/big.bin?', 200],
  ['a missing file', '/nothing', 404],
  ['a directory', '/dir/', 200],
  ['an excluded type', '/page.html', 200],
  ['a script', '/page.php', 200],
  ['an excluded path', '/x.private', 200],
  ['an excluded agent', '/big.bin', 200, { headers: ['User-Agent: a GOOGLE"bot;{}$x 1'] }],
  ['an excluded address', '/big.bin', 200, { from: '127.0.7.1' }],
  ["an offload host's address", '/big.bin', 200, { from: '127.0.0.2' }],
  ['the bypass header', '/big.bin', 200, { headers: ['X-Mod-Offload-Bypass: true'] }],
  ['a password that is missing', '/secret/big.bin', 401],
  ['a password', '/secret/big.bin', 200, { headers: [PASSWORD] }],
  ['a denied file', '/denied/big.bin', 403],
  ['escapes', '/%62ig.bin', 307],
  ['a name with escapes', '/a%20b%25.bin', 307],
  ['dot segments', '/dir/../big.bin', 307],
  ['two slashes', '//big.bin', 307],
  ['a header in the URL', '/big.bin%0d%0aX:y', 404],
];

describe('the rules for nginx', { skip: lacking('nginx') }, () => {
  it('decide as mod_offload did in what nginx can see', async (t) => {
    const { port } = await startNginx(t, INPUT);
    for (const [name, target, status, options] of CASES) {
      const answer = await ask(port, target, options);
      assert.equal(answer.status, status, `${name}: ${answer.head}`);
      assert.equal(answer.one('Cache-Control'), status === 307 ? 'no-store' : undefined, name);
      assert.equal(answer.one('Vary'), undefined, name);
      const [, path] = /^http:\/\/(?:127\.0\.0\.[23]:81|\[2001:db8::1\])(\/.*)$/.exec(answer.one('Location') ?? '') ?? [];
      assert.equal(path, status === 307 ? target : undefined, `${name}: ${answer.head}`);
    }
    const absolute = await ask(port, 'http://evil.example/big.bin');
    assert.match(absolute.one('Location') ?? '', /^http:\/\/(?:127\.0\.0\.[23]:81|\[2001:db8::1\])\/big\.bin$/);
  });

  it('spread files over all hosts, each always to the same', async (t) => {
    const hosts = Array.from({ length: 20 }, (_, index) => `OffloadHost 192.0.2.${index + 1}`).join('\n');
    const server = await startNginx(t, `OffloadEngine On\n${hosts}`);
    const names = Array.from({ length: 400 }, (_, index) => `/file${index}.bin`);
    for (const name of names) put(join(server.dir, 'www', name), Buffer.alloc(100));
    const where = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const name of names) found.push((await ask(server.port, name)).one('Location')?.replace(/\/file.*/, '') ?? 'none');
      return found;
    };
    const first = await where();
    assert.deepEqual(await where(), first);
    const counts = [...new Set(first)].map((host) => first.filter((each) => each === host).length);
    assert.equal(counts.length, 20);
    assert.ok(Math.max(...counts) < 45, `20 on average, ${Math.max(...counts)} on one host`);
  });
});
