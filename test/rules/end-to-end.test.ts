import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { offloadCgi } from '../support/build.js';
import type { Cleanup } from '../support/place.js';
import { lacking, serverDir, type WebServer } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';
import { check, hosts, rules, written } from './commands.js';
import { ODD_NAMES } from './site.js';
import { ask, put, startApache } from './support.js';

const run = promisify(execFile);
const skip = lacking('apache2') || (!existsSync('/usr/bin/curl') && "needs Debian's curl");
const [setup] = SETUPS;

/** Names that a shell's client can ask for; what a URL can't hold is encoded. */
const NAMES = ['big.bin', 'dir/film.mp4', ...ODD_NAMES.filter((name) => !/[\0-\x1f]/.test(name)).map((name) => `odd/${name}`)];

interface World {
  readonly base: WebServer;
  readonly offloads: readonly WebServer[];
  readonly directives: string;
  readonly dir: string;
}

/** A base with the rules and a map, and two offload servers with offload.cgi; the map gets its hosts once they run. */
async function world(t: Cleanup): Promise<World> {
  const dir = serverDir(t);
  for (const name of NAMES) {
    const path = join(dir, 'www', name);
    put(path, randomBytes(200_000));
    // Apache's ETag of a file is weak in the first second of its life, and another one, strong, afterwards.
    utimesSync(Buffer.from(path, 'latin1'), 1_700_000_000, 1_700_000_000);
  }
  put(join(dir, 'www/small.bin'), 'small');
  const map = join(dir, 'hosts.map');
  const site = `DocumentRoot "${dir}/www"\n<Directory "/">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\nCustomLog "${dir}/access.log" "%m %U %>s %{User-Agent}i"\n`;
  const base = await startApache(t, dir, site + (await written(['--map', map], 'OffloadEngine On\nOffloadHost 192.0.2.1\n')));
  assert.ok(setup);
  const script = await offloadCgi();
  const start = async (): Promise<WebServer> => {
    const place = serverDir(t);
    return setup.start(t, script, { OFFLOAD_BASE: base.url, OFFLOAD_CACHE_DIR: join(place, 'cache') }, place);
  };
  const offloads = [await start(), await start()];
  // By name and with another address: the client here has the address of the offload servers.
  const lines = offloads.map(({ port }) => `OffloadHost localhost:${port} address=192.0.2.1`);
  const directives = ['OffloadEngine On', ...lines].join('\n');
  const { code, err } = await hosts(['--map', map, '--probe', '/big.bin', '-'], directives);
  assert.equal(code, 0, err);
  return { base, offloads, directives, dir };
}

function encode(name: string): string {
  return name.replace(/[^A-Za-z0-9._/-]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('from the base by redirect to offload.cgi', { skip }, () => {
  it('curl -L gets the right bytes of every file, and the base sends each once', async (t) => {
    const { base, offloads, directives, dir } = await world(t);
    const used = new Set<string>();
    for (const name of NAMES) {
      for (let times = 0; times < 2; times++) {
        const copy = join(dir, 'copy');
        const args = ['-sS', '-g', '--path-as-is', '-L', '-o', copy, '-w', '%{http_code} %{num_redirects} %{url_effective}'];
        const { stdout } = await run('curl', [...args, `${base.url}/${encode(name)}`]);
        const [status, redirects, url = ''] = stdout.split(' ');
        assert.deepEqual([status, redirects], ['200', '1'], `${name}: ${stdout}`);
        assert.equal(hash(readFileSync(copy)), hash(readFileSync(Buffer.from(join(dir, 'www', name), 'latin1'))), name);
        used.add(new URL(url).port);
      }
    }
    assert.deepEqual(used, new Set(offloads.map(({ port }) => String(port))), 'both offload servers are used');
    const log = readFileSync(join(dir, 'access.log'), 'latin1').split('\n');
    assert.equal(log.filter((line) => / 307 curl/.test(line)).length, NAMES.length * 2);
    assert.equal(log.filter((line) => /^GET .* 200 /.test(line)).length, NAMES.length, 'each file was pulled once');

    const { code, out } = await check(['--big', `${base.url}/big.bin`, '--small', `${base.url}/small.bin`, '-'], directives);
    assert.equal(code, 0, out);
  });

  it('an offload server that is stopped takes none of its files with it', async (t) => {
    const { base, offloads, directives, dir } = await world(t);
    const map = join(dir, 'hosts.map');
    await offloads[0]?.stop();
    for (let times = 0; times < 3; times++) await hosts(['--map', map, '-'], directives);
    for (const name of NAMES) {
      const { stdout } = await run('curl', ['-sS', '-L', '-o', join(dir, 'copy'), '-w', '%{http_code}', `${base.url}/${encode(name)}`]);
      assert.equal(stdout, '200', name);
    }
    await offloads[1]?.stop();
    for (let times = 0; times < 3; times++) await hosts(['--map', map, '-'], directives);
    assert.equal((await ask(base.port, '/big.bin')).status, 200);
    const { code, out } = await check(['--big', `${base.url}/big.bin`, '-'], directives);
    assert.equal(code, 1);
    assert.match(out, /all hosts dead in the map/);
  });

  it('works from the command line, too', async () => {
    const { code, out } = await rules(['--host', '192.0.2.1', '--server', 'htaccess']);
    assert.equal(code, 0);
    assert.match(out, /NO SIZE CHECK/);
  });
});
