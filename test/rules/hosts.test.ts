import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { observe, UNKNOWN } from '../../src/rules/hosts-state.js';
import { atEnd, type Cleanup, tempDir } from '../support/place.js';
import { lacking, serverDir } from '../support/servers/server.js';
import { waitUntil } from '../support/wait.js';
import { hosts, written } from './commands.js';
import { ask, put, startApache } from './support.js';

const ARIA2 = '/usr/bin/aria2c';

/** An offload host that can be told to fail. */
interface Host {
  readonly href: string;
  readonly asked: string[];
  status: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function startHost(t: Cleanup, address: string): Promise<Host> {
  const asked: string[] = [];
  let server: Server | undefined;
  let port = 0;
  const host = {
    href: '',
    asked,
    status: 200,
    start: async (): Promise<void> => {
      server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(request.url === '/robots.txt' ? 200 : host.status).end();
      });
      await new Promise<void>((resolve) => server?.listen(port, address, resolve));
      port = (server.address() as AddressInfo).port;
    },
    stop: async (): Promise<void> => {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    },
  };
  await host.start();
  host.href = `http://${address}:${port}`;
  atEnd(t, host.stop);
  return host;
}

function directives(...list: readonly { readonly href: string }[]): string {
  return ['OffloadEngine On', ...list.map(({ href }) => `OffloadHost ${href}`)].join('\n');
}

/** The hosts that stand first in the map's lines. */
function homes(map: string): Set<string> {
  const lines = readFileSync(map, 'utf8').split('\n').filter((line) => /^[0-9a-f]{3} /.test(line));
  assert.equal(lines.length, 4096);
  return new Set(lines.map((line) => line.slice(4).split('|')[0] ?? ''));
}

describe('offload hosts', () => {
  it('writes a line for each bucket, and asks for robots.txt and the known file', async (t) => {
    const map = join(tempDir(t), 'hosts.map');
    const [one, two] = [await startHost(t, '127.0.0.2'), await startHost(t, '127.0.0.3')];
    const { code, err } = await hosts(['--map', map, '--probe', '/known.bin', '-'], directives(one, two));
    assert.equal(code, 0, err);
    assert.deepEqual(homes(map), new Set([one.href, two.href]));
    assert.deepEqual(one.asked, ['GET /robots.txt', 'HEAD /known.bin']);
  });

  it('changes its mind only after several answers, also from one run of cron to the next', async (t) => {
    const map = join(tempDir(t), 'hosts.map');
    const [one, two] = [await startHost(t, '127.0.0.2'), await startHost(t, '127.0.0.3')];
    const seen: string[] = [];
    const round = async (): Promise<void> => {
      await hosts(['--map', map, '--probe', '/known.bin', '--down', '3', '--up', '2', '-'], directives(one, two));
      seen.push(homes(map).has(two.href) ? 'alive' : 'dead');
    };
    await round();
    two.status = 502; // it lives, but doesn't reach the base
    await round();
    await round();
    two.status = 200; // one good answer: the count begins anew
    await round();
    two.status = 502;
    for (let times = 0; times < 3; times++) await round();
    two.status = 200;
    await round();
    await round();
    assert.deepEqual(seen, ['alive', 'alive', 'alive', 'alive', 'alive', 'alive', 'dead', 'dead', 'alive']);
  });

  it('gives the buckets of a dead host to others, and leaves theirs where they are', async (t) => {
    const map = join(tempDir(t), 'hosts.map');
    const three = [await startHost(t, '127.0.0.2'), await startHost(t, '127.0.0.3'), await startHost(t, '127.0.0.4')];
    await hosts(['--map', map, '-'], directives(...three));
    const before = readFileSync(map, 'utf8').split('\n');
    await three[0]?.stop();
    const { err } = await hosts(['--map', map, '--down', '1', '-'], directives(...three));
    assert.match(err, /127\.0\.0\.2:\d+: dead \(.*ECONNREFUSED/);
    const after = readFileSync(map, 'utf8').split('\n');
    const gone = three[0]?.href ?? '';
    for (const [index, line] of before.entries()) {
      const rest = line.split(' ').map((word) => word.split('|').filter((href) => href !== gone).join('|'));
      if (/^[0-9a-f]{3} /.test(line)) assert.equal(after[index], rest.join(' '));
    }
  });

  it('says "-" everywhere when all are dead, and exits with 1', async (t) => {
    const map = join(tempDir(t), 'hosts.map');
    const one = await startHost(t, '127.0.0.2');
    await one.stop();
    const { code } = await hosts(['--map', map, '--down', '1', '-'], directives(one));
    assert.equal(code, 1);
    assert.deepEqual(homes(map), new Set(['-']));
  });

  it("doesn't touch a map that is right already", async (t) => {
    const map = join(tempDir(t), 'hosts.map');
    const one = await startHost(t, '127.0.0.2');
    await hosts(['--map', map, '-'], directives(one));
    const { ino, mtimeMs } = statSync(map);
    await hosts(['--map', map, '-'], directives(one));
    assert.deepEqual([statSync(map).ino, statSync(map).mtimeMs], [ino, mtimeMs]);
  });

  it('refuses what it could not do, in words', async (t) => {
    const map = join(tempDir(t), 'no/such/directory/hosts.map');
    const cases: [string[], string, RegExp][] = [
      [['-'], 'OffloadEngine On\nOffloadHost a', /--map: name the file/],
      [['--map', map, '-'], 'OffloadEngine On\nOffloadHost a', /hosts\.map: can't be written \(ENOENT/],
      [['--map', map, '--down', '0', '-'], 'OffloadEngine On\nOffloadHost a', /--down 0: must be a number from 1/],
      [['--map', map, '--probe', 'known', '-'], 'OffloadEngine On\nOffloadHost a', /--probe known: must be a URL path/],
      [['--map', map, '-'], 'OffloadEngine Off\nOffloadHost a', /OffloadEngine: is Off/],
    ];
    for (const [args, input, message] of cases) {
      const { code, err } = await hosts(args, input);
      assert.equal(code, 2, err);
      assert.match(err, message);
    }
  });
});

describe('a host counts as dead or alive', () => {
  it('only after that many answers in a row', () => {
    const patience = { down: 3, up: 2 };
    const answers = [false, false, true, false, false, false, true, false, true, true];
    let health = UNKNOWN;
    const alive = answers.map((answer) => (health = observe(health, answer, patience)).alive);
    assert.deepEqual(alive, [true, true, true, true, true, false, false, false, false, true]);
  });
});

describe('offload hosts --watch beside a real Apache', { skip: lacking('apache2') }, () => {
  it('moves a dead host\'s files, brings them back, and leaves all to the base when none lives', async (t) => {
    const dir = serverDir(t);
    const map = join(dir, 'hosts.map');
    const [one, two] = [await startHost(t, '127.0.0.2'), await startHost(t, '127.0.0.3')];
    const input = directives(one, two);
    const names = Array.from({ length: 12 }, (_, index) => `/file${index}.bin`);
    for (const name of names) put(join(dir, 'www', name), Buffer.alloc(10_240, 'x'));
    const config = await written(['--map', map], input);
    assert.ok(existsSync(map), 'the map must exist before Apache starts');
    const site = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n`;
    const { port } = await startApache(t, dir, site + config);
    const where = async (): Promise<string[]> => {
      const answers = await Promise.all(names.map((name) => ask(port, name)));
      return answers.map((answer) => answer.one('Location')?.replace(/\/file.*/, '') ?? String(answer.status));
    };
    const first = await where();
    assert.deepEqual(new Set(first), new Set([one.href, two.href]));

    const stop = new AbortController();
    const watching = hosts(['--watch', '--map', map, '--interval', '0.05', '--timeout', '1', '--down', '2', '-'], input, stop.signal);
    atEnd(t, async () => {
      stop.abort();
      await watching;
    });
    await two.stop();
    await waitUntil(async () => (await where()).every((href) => href === one.href), { what: 'the files of the dead host on the other' });
    await one.stop();
    await waitUntil(async () => (await where()).every((answer) => answer === '200'), { what: 'the base to serve all itself' });
    await one.start();
    await two.start();
    await waitUntil(async () => JSON.stringify(await where()) === JSON.stringify(first), { what: 'every file back at its home' });

    stop.abort();
    assert.equal((await watching).code, 0);
  });

  it('replaces the map as a whole: requests meanwhile are all redirected', async (t) => {
    const dir = serverDir(t);
    const map = join(dir, 'hosts.map');
    put(join(dir, 'www/big.bin'), Buffer.alloc(10_240, 'x'));
    const input = directives({ href: 'http://127.0.0.2:81' }, { href: 'http://127.0.0.3:81' });
    const config = await written(['--map', map], input);
    const site = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n`;
    const server = await startApache(t, dir, site + config);
    const { port } = server;
    const { replaceFile } = await import('../../src/rules/hosts-map.js');
    const text = readFileSync(map, 'utf8');
    for (let round = 0; round < 150; round++) {
      replaceFile(map, `${text}# ${round}\n`);
      const answers = await Promise.all([ask(port, '/big.bin'), ask(port, '/big.bin')]);
      assert.deepEqual(answers.map(({ status }) => status), [307, 307]);
    }
    for (const garbage of ['', '\0\0\0', '7cd javascript:alert(1)\n', '7cd\n', '7cd http://\n', 'nonsense\n'.repeat(1000)]) {
      writeFileSync(`${map}.new`, garbage);
      replaceFile(map, garbage);
      assert.equal((await ask(port, '/big.bin')).status, 200, JSON.stringify(garbage.slice(0, 40)));
    }
    assert.doesNotMatch(server.errorLog(), /AH00052/);
  });
});

describe('a download goes on when the offload host dies', { skip: aria2Lacking() || lacking('apache2') }, () => {
  it('aria2 finishes it from a duplicate that the redirect named', async (t) => {
    const dir = serverDir(t);
    const size = 8 * 1024 * 1024;
    const body = Buffer.alloc(size);
    for (let at = 0; at < size; at += 4) body.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    put(join(dir, 'www/big.bin'), body);
    const served: string[] = [];
    const live = await startFileHost(t, '127.0.0.3', body, served, Number.POSITIVE_INFINITY);
    const dying = await startFileHost(t, '127.0.0.2', body, served, size / 4);
    const input = `OffloadEngine On\nOffloadLinkDuplicates On\nOffloadHost ${live}\nOffloadHost ${dying} weight=1000`;
    const site = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n`;
    const { port } = await startApache(t, dir, site + (await written([], input)));
    const redirect = await ask(port, '/big.bin');
    assert.equal(redirect.one('Location'), `${dying}/big.bin`);
    assert.deepEqual(redirect.all('Link'), [`<${live}/big.bin>; rel=duplicate; pri=1`]);

    const args = ['--no-conf', '--console-log-level=warn', '--max-tries=2', '--retry-wait=0', '-d', dir, '-o', 'copy.bin'];
    const child = spawn(ARIA2, [...args, `http://127.0.0.1:${port}/big.bin`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.on('data', (chunk) => (log += String(chunk)));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0, log);
    assert.ok(readFileSync(join(dir, 'copy.bin')).equals(body));
    assert.ok(served.some((each) => each.startsWith('127.0.0.2')), 'the first host began it');
    assert.ok(served.some((each) => each.startsWith('127.0.0.3')), 'the duplicate finished it');
  });
});

function aria2Lacking(): string | false {
  return !existsSync(ARIA2) && "needs Debian's aria2";
}

/** A host that sends a file, with ranges, and dies for good after so many bytes. */
async function startFileHost(t: Cleanup, address: string, body: Buffer, served: string[], life: number): Promise<string> {
  let left = life;
  const server = createServer((request, response) => {
    if (left <= 0) return void request.socket.destroy();
    served.push(`${address} ${request.method}`);
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(first ?? 0);
    const end = last === undefined || last === '' ? body.length - 1 : Number(last);
    const range = { 'Content-Range': `bytes ${start}-${end}/${body.length}` };
    response.writeHead(first === undefined ? 200 : 206, {
      'Content-Length': end - start + 1,
      'Accept-Ranges': 'bytes',
      ...(first === undefined ? {} : range),
    });
    const part = body.subarray(start, end + 1);
    left -= part.length;
    if (left > 0) return void response.end(part);
    return void response.write(part.subarray(0, Math.max(1, part.length + left)), () => request.socket.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  atEnd(t, () => server.close());
  atEnd(t, () => server.closeAllConnections());
  return `http://${address}:${(server.address() as AddressInfo).port}`;
}
