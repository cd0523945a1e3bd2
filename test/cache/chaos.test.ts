import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { CgiResult } from '../support/cgi.js';
import { checkPattern, patternHash } from '../support/pattern.js';
import { assertWhole, type Scene, scene } from '../support/scene.js';

const MIB = 1_048_576;
/** Milliseconds of trouble; more of it when it is asked for. */
const DURATION = Number(process.env['OFFLOAD_TEST_CHAOS'] ?? 4000);

/** A repeatable sequence of numbers from 0 to 1: what chance did is in the message of a failure. */
function dice(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** Which bytes an answer must have, by its own header: of one version, whole or from one range. */
function assertOneVersion({ status, headers, length, body, exitCode, stderr }: CgiResult): boolean {
  if (status >= 500) return false;
  const [, seed = '', size = ''] = /^"([0-9a-f]+)-([0-9a-f]+)"$/.exec(headers.get('ETag') ?? '') ?? [];
  const total = Number.parseInt(size, 16);
  const [, first = '0', last = String(total - 1), of = String(total)] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('Content-Range') ?? '') ?? [];
  assert.equal(Number(of), total, 'the header is of two versions');
  const promised = Number(last) - Number(first) + 1;
  assert.equal(headers.get('Content-Length'), String(promised));
  checkPattern(Number.parseInt(seed, 16), Number(first), body);
  // A short body must be seen to be short: its script fails.
  assert.equal(length === promised, exitCode === 0, `${length} of ${promised} bytes, exit ${exitCode}: ${stderr}`);
  return length === promised;
}

async function oneClient(s: Scene, random: () => number): Promise<boolean | undefined> {
  const from = Math.floor(random() * 1.5 * MIB);
  const client = await s.start('/a', random() < 0.5 ? {} : { headers: { Range: `bytes=${from}-${from + Math.floor(random() * MIB)}` } });
  if (random() < 0.2) {
    await Promise.race([client.waitForBody(Math.floor(random() * MIB)).catch(() => undefined), client.done.catch(() => undefined)]);
    client.leave();
    await client.done.catch(() => undefined);
    return undefined;
  }
  return assertOneVersion(await client.done);
}

test('whoever is killed, whatever is cut and however often the file changes: no client gets a wrong byte, or a short body that looks whole', async (t) => {
  const s = await scene(t, { rate: 16 * MIB, leavesLocks: true });
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = dice(seed);
  let version = 0;
  const next = () => s.pattern('/a', 2 * MIB + version, { script: ({ method }) => (method === 'GET' && random() < 0.3 ? { cutAfter: Math.floor(random() * MIB) } : undefined) }, ++version);
  const over = new AbortController();
  const end = performance.now() + DURATION;
  const clients = async (): Promise<(boolean | undefined)[]> => {
    const outcomes = [];
    while (performance.now() < end) outcomes.push(await oneClient(s, random));
    return outcomes;
  };
  const trouble = async (pause: number, make: () => unknown): Promise<void> => {
    while (!over.signal.aborted) {
      await sleep(pause * random());
      make();
    }
  };
  const kill = () => {
    for (const pid of s.fillers()) {
      try {
        if (random() < 0.7) process.kill(pid, 'SIGKILL');
      } catch {
        // It was quicker.
      }
    }
  };
  next();
  const troubles = [trouble(300, kill), trouble(500, next)];
  try {
    const outcomes = (await Promise.all(Array.from({ length: 5 }, clients))).flat();
    const whole = outcomes.filter((outcome) => outcome === true).length;
    t.diagnostic(`seed ${seed}: ${outcomes.length} clients, ${whole} served whole, ${version} versions, ${s.origin.count('GET')} GETs`);
    assert.ok(whole > 0, `only ${whole} of ${outcomes.length} were served`);
  } catch (error) {
    throw new Error(`seed ${seed}, ${version} versions: ${String(error)}`, { cause: error });
  } finally {
    over.abort();
    await Promise.all(troubles);
  }
  // Afterwards all is as if nothing had been.
  const last = s.pattern('/a', MIB, {}, 4711);
  assertWhole(await s.get('/a'), last);
  await s.idle();
  // Somebody may still wait for a verdict; and who is killed just as it creates its lock, or a draft, leaves it for a while.
  assert.deepEqual(s.kinds('/a').filter((kind) => !/^(?:verdict|lock|tmp\..*)$/.test(kind)), ['body', 'head']);
  assert.equal((await s.get('/a')).sha256, patternHash(last));
});
