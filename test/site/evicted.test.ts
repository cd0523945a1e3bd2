// A cache that is full: what a web server sends goes for another file, and its clients get all of it.
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exchange, fetchRaw } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { patternHash } from '../support/pattern.js';
import { lacking } from '../support/servers/server.js';
import { waitUntil } from '../support/wait.js';
import { SITES, startSite } from './sites.js';

const MIB = 1_048_576;
const ONE_OF_EACH: ReadonlySet<string> = new Set(['apache, mod_cgid, X-Sendfile', 'lighttpd, X-Sendfile', 'nginx and fcgiwrap, X-Accel-Redirect']);

function bodyOf(cacheDir: string, path: string): string | undefined {
  if (!existsSync(cacheDir)) return undefined;
  const names = readdirSync(cacheDir, { recursive: true, encoding: 'utf8' });
  const name = names.find((each) => each.includes(`${path.replace('/', ',')}/`) && each.includes('.body'));
  return name === undefined ? undefined : join(cacheDir, name);
}

for (const setup of SITES.filter(({ name }) => ONE_OF_EACH.has(name))) {
  test(`${setup.name}: a file that is handed over is evicted while slow clients download it`, { skip: lacking(...setup.packages) }, async (t) => {
    const origin = await startOrigin(t);
    const { server, cacheDir } = await startSite(t, setup, true, { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_SIZE: String(20 * MIB) });
    const [large, other] = [{ seed: 1, size: 16 * MIB }, { seed: 2, size: 12 * MIB }];
    const headers = { 'Content-Type': 'application/zip' };
    origin.file('/large.zip', { body: large, headers });
    origin.file('/other.zip', { body: other, headers });
    assert.equal((await fetchRaw({ to: server.port, path: '/large.zip' })).sha256, patternHash(large));
    const body = await waitUntil(() => bodyOf(cacheDir, '/large.zip'), { what: 'the object' });
    const slow = [1, 2].map(() => exchange({ to: server.port, path: '/large.zip' }));
    for (const client of slow) {
      await client.waitForBody(1000);
      client.pause();
    }
    await waitUntil(
      async () => {
        // An hour later they are still at it. (A server that still reads ahead uses it: then the other is passed through.)
        utimesSync(body, Date.now() / 1000 - 3600, statSync(body).mtimeMs / 1000);
        assert.equal((await fetchRaw({ to: server.port, path: '/other.zip' })).sha256, patternHash(other));
        return !existsSync(body);
      },
      { what: 'the object to lose its name' },
    );
    await waitUntil(() => bodyOf(cacheDir, '/other.zip'), { what: 'the other object' });
    for (const client of slow) {
      client.resume();
      const answer = await client.done;
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, patternHash(large)]);
    }
  });
}
