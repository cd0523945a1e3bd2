import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { atEnd, type Cleanup } from '../support/place.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { check, written } from './commands.js';
import { put, startApache } from './support.js';

const BIG = 10_240;

/** An offload host that answers HEAD with a length. */
async function startHost(t: Cleanup, length: number, status = 200): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { 'Content-Length': length }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  atEnd(t, () => server.close());
  return `http://127.0.0.2:${(server.address() as AddressInfo).port}`;
}

/** A base that has what `edit` makes of the rules' output. */
async function startBase(t: Cleanup, input: string, edit: (text: string) => string = (text) => text): Promise<string> {
  const dir = serverDir(t);
  put(join(dir, 'www/big.bin'), Buffer.alloc(BIG, 'x'));
  put(join(dir, 'www/small.bin'), 'x');
  const site = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n`;
  const { port } = await startApache(t, dir, site + edit(await written([], input)));
  return `http://127.0.0.1:${port}`;
}

describe('offload check, on the base side', { skip: lacking('apache2') }, () => {
  it('says ok to a base that works', async (t) => {
    const input = `OffloadEngine On\nOffloadHost ${await startHost(t, BIG)}\nOffloadExcludeUserAgent *[Gg]ooglebot?*\n`;
    const base = await startBase(t, input);
    const { code, out } = await check(['--big', `${base}/big.bin`, '--small', `${base}/small.bin`, '-'], input);
    assert.equal(code, 0, out);
    for (const line of [/^ok {3}the bypass header: 200/m, /^ok {3}the big file: 307 to http:\/\/127\.0\.0\.2/m, /^ok {3}HEAD: 200/m, /^ok {3}a query: 200/m, /^ok {3}User-Agent "Googlebotx": 200/m, /^ok {3}the small file: 200/m, /^ok {3}the offload host: 200/m]) {
      assert.match(out, line);
    }
  });

  it('says what to mend', async (t) => {
    const host = await startHost(t, BIG);
    const input = `OffloadEngine On\nOffloadHost ${host}\nOffloadExcludeUserAgent *bot*\nOffloadExcludePath *.private\n`;
    const without = (part: RegExp) => (text: string): string => {
      assert.match(text, part);
      return text.replace(part, '');
    };
    const wrong: [string, string, RegExp][] = [
      ['no rules', await startBase(t, input, () => ''), /^FAIL the big file: 200; the rules have no effect/m],
      ['no bypass', await startBase(t, input, without(/.*X-Mod-Offload-Bypass.*\[OR\]\n/)), /^FAIL the bypass header: 307 .*in circles/m],
      ['no method', await startBase(t, input, (text) => text.replace(/%\{REQUEST_METHOD\} != 'GET' \|\| /, '').replaceAll('^GET ', '^[A-Z]+ ')), /^FAIL HEAD: 307/m],
      ['no agent', await startBase(t, input, without(/.*'\\052bot\\052'.*\[OR\]\n|.*'\*bot\*'.*\[OR\]\n/)), /^FAIL User-Agent "bot": 307.*OffloadExcludeUserAgent/m],
      ['no size', await startBase(t, input, without(/ \[OR\]\n.*OffloadMinSize\n.*filesize.*/)), /^FAIL the small file: 307/m],
      ['no header', await startBase(t, input, without(/.*Cache-Control.*\n/)), /^FAIL the redirect may be stored/m],
      ['another host', await startBase(t, input, (text) => text.replaceAll(host, 'http://192.0.2.77')), /^FAIL the big file: 307 to http:\/\/192\.0\.2\.77.*no OffloadHost/m],
      ['no FollowSymLinks', await startBase(t, input, (text) => text.replace(/^ *RewriteEngine On/m, 'Options None\n$&')), /^FAIL .*403; Options FollowSymLinks/m],
    ];
    for (const [name, base, message] of wrong) {
      const { code, out } = await check(['--big', `${base}/big.bin`, '--small', `${base}/small.bin`, '--timeout', '1', '-'], input);
      assert.equal(code, 1, `${name}: ${out}`);
      assert.match(out, message, name);
    }
    const base = await startBase(t, input);
    const small = await check(['--big', `${base}/small.bin`, '-'], input);
    assert.match(small.out, /FAIL the big file: 200; it has 1 bytes, fewer than OffloadMinSize 5120/);
    const missing = await check(['--big', `${base}/none.bin`, '-'], input);
    assert.match(missing.out, /FAIL the bypass header: 404; there is no such file/);
  });

  it('says that the offload host is broken, or has another base', async (t) => {
    for (const [length, status, message] of [
      [BIG, 502, /^FAIL the offload host: 502; mend http/m],
      [BIG + 1, 200, /^FAIL the offload host: 200, 10241 bytes instead of 10240; its OffloadBase/m],
    ] as const) {
      const input = `OffloadEngine On\nOffloadHost ${await startHost(t, length, status)}\n`;
      const base = await startBase(t, input);
      const { code, out } = await check(['--big', `${base}/big.bin`, '-'], input);
      assert.equal(code, 1);
      assert.match(out, message);
    }
  });

  it('says when nobody answers, and refuses a URL that is none', async () => {
    const dead = await check(['--big', 'http://127.0.0.1:9/big.bin', '-'], 'OffloadEngine On\nOffloadHost a');
    assert.deepEqual([dead.code, /FAIL ECONNREFUSED/.test(dead.out)], [1, true]);
    const odd = await check(['--big', 'big.bin', '-'], 'OffloadEngine On\nOffloadHost a');
    assert.deepEqual([odd.code, /must be a URL like/.test(odd.err)], [2, true]);
  });
});
