import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { readMark, trustedBytes } from '../../src/cache/mark.js';
import { UrlPlace } from '../../src/cache/layout.js';
import { leavePart } from '../support/forge.js';
import { Gate } from '../support/origin.js';
import { checkPattern, type Pattern } from '../support/pattern.js';
import { assertWhole, checks, type Scene, scene } from '../support/scene.js';
import { callsIn, failingFill, killedFill, lackingStrace, type SystemCall, tracedFill } from '../support/strace.js';
import { waitUntil } from '../support/wait.js';

const MIB = 1_048_576;
const BODY: Pattern = { seed: 7, size: 600_000 };
const OLD: Pattern = { seed: 8, size: 500_000 };
/** Each n-th call only; all of them when it is asked for. */
const STRIDE = process.env['OFFLOAD_TEST_FAULTS'] === 'all' ? 1 : 4;

/** What is there of a URL before the fill that is killed. */
interface Situation {
  readonly name: string;
  readonly prepare: (s: Scene) => Promise<unknown>;
}

const SITUATIONS: readonly Situation[] = [
  { name: 'of a file that was never here', prepare: async (s) => s.origin.file('/a', { body: BODY }) },
  {
    name: 'of a file whose older version is here, and a torn part of this one',
    prepare: async (s) => {
      s.origin.file('/a', { body: OLD });
      assertWhole(await s.get('/a'), OLD);
      await s.idle();
      s.origin.file('/a', { body: BODY });
      await leavePart(s, '/a', BODY, 300_000, { boot: 'an earlier one', synced: 200_000 });
    },
  },
];

/** The calls that a fill makes on the cache: each of these is a moment at which it may be killed. */
async function momentsOf(t: TestContext, { prepare }: Situation): Promise<SystemCall[]> {
  const s = await scene(t);
  await prepare(s);
  const { script, env, log } = await tracedFill(s.dir);
  assertWhole(await s.get('/a', { script, env }), BODY);
  await s.idle();
  const calls = callsIn(log);
  assertFlushedFirst(calls);
  const moments = new Map<string, SystemCall>();
  for (const { name, nth, about } of calls) if (about.includes(s.cacheDir)) moments.set(`${name} ${nth}`, { name, nth });
  return [...moments.values()];
}

function assertFlushedFirst(calls: readonly { readonly name: string; readonly about: string }[]): void {
  const written = calls.findLastIndex(({ name, about }) => name === 'pwrite64' && about.includes('.part>'));
  const flushed = calls.findIndex(({ name, about }) => name === 'fsync' && about.includes('.part>'));
  const named = calls.findIndex(({ name, about }) => name === 'rename' && about.includes('.body'));
  assert.ok(written >= 0 && written < flushed && flushed < named, `written ${written}, flushed ${flushed}, named ${named}`);
}

/** At rest: an object is whole and right, and of a part all that would be continued. */
function assertRightOnDisk(s: Scene): void {
  const place = s.place('/a');
  for (const name of s.names('/a')) {
    const path = join(place.directory, name);
    const { kind, version = '' } = UrlPlace.parse(name) ?? {};
    if (kind === 'body') {
      const bytes = readFileSync(path);
      const of = bytes.length === BODY.size ? BODY : OLD;
      assert.equal(bytes.length, of.size, 'a short object');
      checkPattern(of.seed, 0, bytes);
    }
    if (kind === 'part') checkPattern(BODY.seed, 0, readFileSync(path).subarray(0, trustedBytes(readMark(place, version), statSync(path))));
    // As if the next request came later.
    if (UrlPlace.isDraft(name)) utimesSync(path, 0, 0);
  }
}

async function killAt(t: TestContext, situation: Situation, moment: SystemCall, both: boolean): Promise<void> {
  const s = await scene(t);
  await situation.prepare(s);
  const { script, env } = await killedFill(s.dir, moment, both);
  const client = await s.start('/a', { script, env, check: checks(BODY) });
  if (both) {
    await client.done.catch(() => undefined);
    await s.idle();
    assertRightOnDisk(s);
  } else {
    assertWhole(await client.done, BODY);
    await s.idle();
    for (const name of s.names('/a')) if (UrlPlace.isDraft(name)) utimesSync(join(s.place('/a').directory, name), 0, 0);
  }
  assertWhole(await s.get('/a'), BODY);
  await s.idle();
  // What is left of the kill goes with the next version.
  const next = { seed: 9, size: MIB };
  s.origin.file('/a', { body: next });
  assertWhole(await s.get('/a'), next);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head']);
}

for (const situation of SITUATIONS) {
  describe(`a fill ${situation.name}`, { concurrency: 2, skip: lackingStrace }, () => {
    test('is killed at each system call: what is on disk is right, and the next request has its file', async (t) => {
      const moments = await momentsOf(t, situation);
      assert.ok(moments.length > 20, `only ${moments.length} calls were seen`);
      const offset = Math.floor(Math.random() * STRIDE);
      const chosen = moments.filter((_, i) => i % STRIDE === offset);
      const work = chosen.flatMap((moment, i) => (STRIDE === 1 ? [{ moment, both: true }, { moment, both: false }] : [{ moment, both: i % 2 === 0 }]));
      t.diagnostic(`${work.length} kills at ${chosen.length} of ${moments.length} calls`);
      const worker = async (): Promise<void> => {
        for (let next = work.shift(); next !== undefined; next = work.shift()) {
          const { moment, both } = next;
          await t.test(`${moment.name} ${moment.nth}${both ? ', the client too' : ''}`, (part) => killAt(part, situation, moment, both));
        }
      };
      await Promise.all([worker(), worker()]);
    });
  });
}

describe('the disk fails', { concurrency: 2, skip: lackingStrace }, () => {
  for (const [name, nth, error] of [['fsync', 1, 'EIO'], ['fdatasync', 1, 'EIO'], ['pwrite64', 3, 'EIO'], ['pwrite64', 3, 'ENOSPC'], ['rename', 3, 'EIO']] as const) {
    test(`${name} says ${error}: no object appears, the client has its file from the base`, async (t) => {
      const s = await scene(t);
      const gate = new Gate(300_000);
      s.origin.file('/a', { body: BODY, hold: gate });
      const { script, env, log } = await failingFill(s.dir, { name, nth }, error);
      const client = await s.start('/a', { script, env, check: checks(BODY) });
      // The heart must have beaten: that is when a part is flushed.
      if (name === 'fdatasync') await waitUntil(() => existsSync(log) && callsIn(log).some((call) => call.name === name), { what: name });
      gate.release();
      const result = await client.done;
      assertWhole(result, BODY);
      // When it is flushed, the client may have all there is.
      if (name === 'pwrite64') assert.match(result.stderr, new RegExp(error));
      await s.idle();
      assert.ok(!s.kinds('/a').some((kind) => kind === 'body' || kind === 'part'), s.names('/a').join(' '));
      assertWhole(await s.get('/a'), BODY);
      await s.idle();
    });
  }
});

test("a killed process's draft goes when the next body is complete, a living one's stays", async (t) => {
  const s = await scene(t);
  s.origin.file('/a', { body: OLD });
  assertWhole(await s.get('/a'), OLD);
  await s.idle();
  const [dead, living] = ['tmp.1.dead', 'tmp.1.living'].map((name) => join(s.place('/a').directory, name)) as [string, string];
  for (const path of [dead, living]) writeFileSync(path, '');
  utimesSync(dead, 0, 0);
  s.origin.file('/a', { body: BODY });
  assertWhole(await s.get('/a'), BODY);
  await s.idle();
  assert.deepEqual(s.kinds('/a'), ['body', 'head', 'tmp.1.living']);
  utimesSync(living, 0, 0);
  s.origin.remove('/a');
  assert.equal((await s.get('/a')).status, 404);
  assert.deepEqual(s.kinds('/a'), []);
});
