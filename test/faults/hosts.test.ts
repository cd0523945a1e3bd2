import { strict as assert } from 'node:assert';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import type { Mark } from '../../src/cache/mark.js';
import { claimIn } from '../support/forge.js';
import { lackingNamespaces, startHost } from '../support/hosts.js';
import { Gate } from '../support/origin.js';
import { assertCut, assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
const SIZE = 4 * MIB;
/** How long the heart of an owner elsewhere must stand still, in milliseconds. */
const SILENCE = 5_000;

const markOf = (s: Scene): Mark => JSON.parse(readFileSync(s.file('/a', 'mark'), 'latin1')) as Mark;

async function twoHosts(t: TestContext) {
  const s = await scene(t);
  const [one, two] = await Promise.all([startHost(t, s.dir, 'one'), startHost(t, s.dir, 'two')]);
  const gate = new Gate(MIB);
  const body = s.pattern('/a', SIZE, { hold: gate });
  const on = (host: { readonly script: string }) => s.start('/a', { script: host.script, check: checks(body) });
  return { s, one, two, gate, body, on };
}

describe('two hosts with one cache directory', { concurrency: true, skip: lackingNamespaces() }, () => {
  test('one GET: the other host follows, as far as the file is flushed', async (t) => {
    const { s, one, two, gate, body, on } = await twoHosts(t);
    const filler = await on(one);
    await filler.waitForBody(MIB);
    const followers = await Promise.all([on(two), on(two), on(one)]);
    await Promise.all(followers.map((client) => client.waitForBody(MIB)));
    assert.ok(markOf(s).synced >= MIB);
    assert.match(claimIn(s.file('/a', 'lock')).host, /^one /);
    gate.release();
    for (const client of [filler, ...followers]) assertWhole(await client.done, body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
    assertWhole(await (await on(two)).done, body);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });

  test('the host that fills loses its power, and what it had not flushed: the other takes over when its heart is silent', async (t) => {
    const { s, one, two, gate, body, on } = await twoHosts(t);
    const lost = await on(one);
    await lost.waitForBody(MIB);
    const client = await on(two);
    await client.waitForBody(MIB);
    // The heart beats once a second: that much is written, but not flushed.
    await waitUntil(() => statSync(s.file('/a', 'lock')).mtimeMs > Date.now() - 300 && markOf(s).synced === MIB, { what: 'a heartbeat' });
    gate.moveTo(2 * MIB);
    await waitUntil(() => statSync(s.file('/a', 'part')).size === 2 * MIB);
    await one.powerCut();
    const cut = performance.now();
    const { synced } = markOf(s);
    assert.ok(client.sink.length <= synced, `the other host was shown ${client.sink.length} bytes, of which ${synced} are on the disk`);
    const fd = openSync(s.file('/a', 'part'), 'r+');
    writeSync(fd, Buffer.alloc(2 * MIB - synced), 0, 2 * MIB - synced, synced);
    closeSync(fd);
    gate.release();
    assertWhole(await client.done, body);
    assert.ok(performance.now() - cut > SILENCE, `took over after ${performance.now() - cut} ms`);
    assertCut(await lost.done.then((result) => ({ ...result, exitCode: result.exitCode ?? -1 })), body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 2);
    assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${synced}-`);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });

  test('the host that fills is started again: it goes on from its last flush', async (t) => {
    const { s, one, gate, body, on } = await twoHosts(t);
    await (await on(one)).waitForBody(MIB);
    await waitUntil(() => markOf(s).synced === MIB, { what: 'a flush' });
    gate.moveTo(MIB + 5000);
    await waitUntil(() => statSync(s.file('/a', 'part')).size === MIB + 5000);
    await one.powerCut();
    const { synced } = markOf(s);
    gate.release();
    const again = await startHost(t, s.dir, 'one');
    assertWhole(await (await on(again)).done, body);
    await s.idle();
    assert.equal(s.origin.last('GET', '/a').headers.get('Range'), `bytes=${synced}-`);
  });

  test('both find nothing at the same moment: one GET', async (t) => {
    const { s, one, two, gate, body, on } = await twoHosts(t);
    gate.release();
    const clients = await Promise.all(Array.from({ length: 8 }, (_, i) => on(i % 2 === 0 ? one : two)));
    for (const client of clients) assertWhole(await client.done, body);
    await s.idle();
    assert.equal(s.origin.count('GET'), 1);
    assert.deepEqual(s.kinds('/a'), ['body', 'head']);
  });
});
