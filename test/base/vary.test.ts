import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { runCgi } from '../support/cgi.js';
import { startOrigin } from '../support/origin.js';
import { tempDir } from '../support/place.js';

// Apache adds the first by itself when a rule of the base looks at the field, as in <If "-n %{HTTP:X-Mod-Offload-Bypass}">.
for (const [vary, stored] of [['X-Mod-Offload-Bypass, Accept-Encoding', true], ['X-Mod-Offload-Bypass, Cookie', false], ['*', false]] as const) {
  test(`Vary: ${vary} ${stored ? 'does not keep' : 'keeps'} a file out of the cache`, async (t) => {
    const origin = await startOrigin(t);
    origin.file('/a.bin', { body: { seed: 1, size: 10_000 }, headers: { Vary: vary } });
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: tempDir(t) };
    for (let i = 0; i < 2; i++) assert.equal((await runCgi({ url: '/a.bin', settings })).length, 10_000);
    assert.equal(origin.count('GET'), stored ? 1 : 2);
  });
}
