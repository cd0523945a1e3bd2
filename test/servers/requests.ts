// One list of requests, held against every web server: what a client, and the base, must see whoever runs the script.
import { strict as assert } from 'node:assert';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { offloadCgi } from '../support/build.js';
import { exchange, fetchRaw, type Exchange, type RawAnswer, type RawRequest } from '../support/client.js';
import { Gate, LAST_MODIFIED, etagOf, startOrigin, type Origin } from '../support/origin.js';
import { checkPattern, patternHash } from '../support/pattern.js';
import { assertNoProcessesOf } from '../support/processes.js';
import { lacking, serverDir, serverUser, type WebServer } from '../support/servers/server.js';
import type { Environment, Setup } from '../support/servers/setups.js';

/** A server with the script, a base behind it, and requests by the base's own paths. */
class Scene {
  readonly setup: Setup;
  readonly origin: Origin;
  readonly server: WebServer;

  constructor(setup: Setup, origin: Origin, server: WebServer) {
    this.setup = setup;
    this.origin = origin;
    this.server = server;
  }

  ask(path: string, more: Omit<RawRequest, 'to' | 'path'> = {}): Promise<RawAnswer> {
    return fetchRaw({ to: this.server.port, path: this.setup.prefix + path, ...more });
  }

  start(path: string, more: Omit<RawRequest, 'to' | 'path'> = {}): Exchange {
    return exchange({ to: this.server.port, path: this.setup.prefix + path, ...more });
  }
}

type Step = readonly [behaviour: string, run: (scene: Scene) => Promise<void>];

function assertWhole(answer: RawAnswer, body: { seed: number; size: number }, scene: Scene): void {
  assert.equal(answer.status, 200, `${answer.lines.join('\n')}\n${scene.server.errorLog()}`);
  assert.equal(answer.complete, true);
  assert.equal(answer.length, body.size);
  assert.equal(answer.sha256, patternHash(body));
  assert.equal(answer.headers.get('ETag'), etagOf(body));
  assert.equal(answer.headers.get('Last-Modified'), LAST_MODIFIED);
  if (scene.setup.keepsLength) assert.equal(answer.headers.get('Content-Length'), String(body.size));
}

const STEPS: readonly Step[] = [
  [
    'a file is pulled from the base once and then comes from the cache; no field of the client reaches the base',
    async (scene) => {
      const { origin } = scene;
      const body = { seed: 11, size: 300_000 };
      origin.file('/dir/a.zip', { body, headers: { 'Content-Type': 'application/zip', 'X-Custom': 'y' } });
      const headers = { Cookie: 'id=1', Authorization: 'Basic eDp5', Proxy: 'http://127.0.0.1:9/', 'X-Own': '1' };
      const cold = await scene.ask('/dir/a.zip', { headers });
      assertWhole(cold, body, scene);
      assert.equal(cold.headers.get('Content-Type'), 'application/zip');
      assert.equal(cold.headers.get('X-Custom'), 'y');
      assertWhole(await scene.ask('/dir/a.zip'), body, scene);
      assert.equal(origin.count('GET', '/dir/a.zip'), 1);
      assert.equal(origin.count('HEAD', '/dir/a.zip'), 2);
      for (const request of origin.requests.filter((r) => r.path === '/dir/a.zip')) {
        for (const name of Object.keys(headers)) assert.equal(request.headers.has(name), false, `${name} reached the base`);
        assert.equal(request.headers.get('Host'), origin.authority);
        assert.equal(request.headers.get('Accept-Encoding'), 'identity');
        assert.equal(request.headers.get('X-Mod-Offload-Bypass'), 'true');
        assert.ok(request.headers.has('User-Agent') && request.headers.has('Via'));
      }
    },
  ],
  [
    'the cache directory is made with mode 0700 and belongs to the user of the server',
    async ({ server, setup }) => {
      const { mode, uid } = statSync(join(server.dir, setup.cache ?? 'cache'));
      assert.equal(mode & 0o777, 0o700);
      assert.equal(uid, serverUser()?.uid ?? process.getuid?.());
      return Promise.resolve();
    },
  ],
  [
    'HEAD has the header of GET, and pulls nothing',
    async (scene) => {
      const body = { seed: 12, size: 40_000 };
      scene.origin.file('/head.bin', { body });
      const head = await scene.ask('/head.bin', { method: 'HEAD' });
      assert.deepEqual([head.status, head.length], [200, 0]);
      assert.equal(head.headers.get('ETag'), etagOf(body));
      assert.equal(head.headers.get('Content-Length'), scene.setup.keepsLength ? '40000' : undefined);
      assert.equal(scene.origin.count('GET', '/head.bin'), 0);
    },
  ],
  [
    'one range is answered with its bytes, cold and warm',
    async (scene) => {
      const body = { seed: 13, size: 200_000 };
      scene.origin.file('/range.bin', { body });
      for (const [range, start, end] of [['bytes=1000-1999', 1000, 2000], ['bytes=199000-', 199_000, 200_000], ['bytes=-500', 199_500, 200_000]] as const) {
        const answer = await scene.ask('/range.bin', { headers: { Range: range } });
        if (!scene.setup.passesRange) {
          assertWhole(answer, body, scene);
          continue;
        }
        assert.equal(answer.status, 206);
        assert.equal(answer.headers.get('Content-Range'), `bytes ${start}-${end - 1}/200000`);
        assert.deepEqual([answer.length, answer.complete], [end - start, true]);
        checkPattern(13, start, answer.body);
      }
      assert.equal(scene.origin.count('GET', '/range.bin'), 1);
    },
  ],
  [
    'an empty file is a file',
    async (scene) => {
      const body = { seed: 1, size: 0 };
      scene.origin.file('/empty', { body });
      assertWhole(await scene.ask('/empty'), body, scene);
      assertWhole(await scene.ask('/empty'), body, scene);
    },
  ],
  [
    'what the base does not have is 404; a redirect is passed on',
    async (scene) => {
      assert.equal((await scene.ask('/nothing.zip')).status, 404);
      scene.origin.file('/moved', { body: '', status: 302, headers: { Location: 'https://elsewhere.test/x' } });
      const moved = await scene.ask('/moved');
      assert.deepEqual([moved.status, moved.headers.get('Location')], [302, 'https://elsewhere.test/x']);
    },
  ],
  [
    'a query is 403, robots.txt shuts robots out, POST is 405: the base is asked for none of them',
    async (scene) => {
      const before = scene.origin.count();
      assert.equal((await scene.ask('/dir/a.zip?x=1')).status, 403);
      assert.equal((await scene.ask('/dir/a.zip?')).status, 403);
      const robots = await scene.ask('/robots.txt');
      assert.equal(robots.status, 200);
      assert.match(robots.body.toString(), /^User-agent: \*\r?\nDisallow: \/\r?\n?$/);
      const post = await scene.ask('/dir/a.zip', { method: 'POST', body: 'x=1' });
      assert.equal(post.status, 405);
      assert.match(post.headers.get('Allow') ?? '', /GET.*HEAD/);
      assert.equal((await scene.ask('/dir/a.zip', { method: 'POST', body: 'x'.repeat(900_000) })).status, 405, 'to a body that no buffer takes');
      assert.equal(scene.origin.count(), before);
    },
  ],
  [
    'a name with odd bytes is asked of the base byte for byte',
    async (scene) => {
      for (const path of ["/a%20b%5Bc%5D+~'%E2%82%AC.bin", '/m%c3%bc;v=1,2&c=$.bin', '/latin\u00e9.bin']) {
        if (scene.setup.asciiOnly === true && /[^ -~]/.test(path)) continue;
        const body = { seed: 14, size: 5000 };
        // A server that decodes the URL leaves us its bytes: their encoding may be another one, the name not.
        scene.origin.fallback = (r) => (r.path === path || (!scene.setup.rawUri && decoded(r.path) === decoded(path)) ? { body } : undefined);
        assertWhole(await scene.ask(path), body, scene);
        scene.origin.fallback = undefined;
      }
    },
  ],
  [
    'slashes and dots are left as they are',
    async (scene) => {
      if (!scene.setup.rawUri) return;
      const path = '/d//e/../f/%2e%2e/./g.bin';
      const body = { seed: 15, size: 5000 };
      scene.origin.file(path, { body });
      assertWhole(await scene.ask(path), body, scene);
    },
  ],
  [
    'the body arrives while the base still sends it, also at those who come later; the base sends it once',
    async (scene) => {
      const body = { seed: 16, size: 3_000_000 };
      const gate = new Gate(1_000_000);
      scene.origin.file('/growing.bin', { body, hold: gate });
      const first = scene.start('/growing.bin');
      const there = 1_000_000 - (scene.setup.holdsBack ?? 0);
      await first.waitForBody(there);
      const others = [1, 2, 3].map(() => scene.start('/growing.bin'));
      await Promise.all(others.map((other) => other.waitForBody(there)));
      gate.release();
      for (const running of [first, ...others]) assertWhole(await running.done, body, scene);
      assert.equal(scene.origin.count('GET', '/growing.bin'), 1);
    },
  ],
  [
    'a client that leaves does not lose the fill: the next finds the file, and no byte comes from the base twice',
    async (scene) => {
      const body = { seed: 17, size: 3_000_000 };
      const gate = new Gate(1_000_000);
      scene.origin.file('/left.bin', { body, hold: gate });
      const client = scene.start('/left.bin');
      await client.waitForBody(500_000);
      client.leave();
      gate.release();
      assertWhole(await scene.ask('/left.bin'), body, scene);
      const [first, ...later] = scene.origin.requests.filter((r) => r.method === 'GET' && r.path === '/left.bin');
      assert.ok(first !== undefined);
      for (const request of later) assert.equal(request.status, 206, `a second GET: ${request.toString()}`);
    },
  ],
  [
    'a client that leaves is enough: nobody else has to come for the file to be finished',
    async (scene) => {
      // Much more than the kernel's buffers between base and script hold: somebody must read it.
      const body = { seed: 18, size: 40_000_000 };
      const gate = new Gate(1_000_000);
      scene.origin.file('/alone.bin', { body, hold: gate });
      const client = scene.start('/alone.bin');
      await client.waitForBody(500_000);
      client.leave('close');
      gate.moveTo(38_000_000);
      await gate.reached();
      gate.release();
      const pulls = scene.origin.count('GET', '/alone.bin');
      assertWhole(await scene.ask('/alone.bin'), body, scene);
      assert.equal(scene.origin.count('GET', '/alone.bin'), pulls);
    },
  ],
  [
    'a base that breaks off for good gives a client a visibly short file, never one that looks complete',
    async (scene) => {
      const body = { seed: 19, size: 1_000_000 };
      scene.origin.file('/broken.bin', { body, get: { status: 503 }, script: ({ method, nth }) => (method === 'GET' && nth === 1 ? { status: 200, cutAfter: 400_000 } : undefined) });
      const answer = await scene.ask('/broken.bin', { check: (chunk, offset) => checkPattern(19, offset, chunk) });
      assert.equal(answer.status, 200);
      assert.equal(answer.complete, false, `${answer.length} bytes look like a whole file (${answer.framing})`);
      assert.ok(answer.length < body.size);
    },
  ],
];

function decoded(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Registers the whole list for one way to run the script. */
export function testSetup(setup: Setup, more: Environment = {}): void {
  test(setup.name, { skip: lacking(...setup.packages) }, async (t: TestContext) => {
    const origin = await startOrigin(t);
    const dir = serverDir(t);
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, setup.cache ?? 'cache'), OFFLOAD_TIMEOUT: '5s', ...more };
    const server = await setup.start(t, await offloadCgi(), settings, dir);
    const scene = new Scene(setup, origin, server);
    for (const [behaviour, run] of STEPS) await t.test(behaviour, () => run(scene));

    await t.test('the error log warns if and only if Apache would make a cut body look whole', () => {
      assert.equal(/ap_trust_cgilike_cl/.test(server.errorLog()), setup.hidesCuts ?? !setup.keepsLength, server.errorLog());
    });
    await t.test('nothing is left running when the server has stopped', async () => {
      await server.stop();
      await assertNoProcessesOf(dir);
    });
  });
}
