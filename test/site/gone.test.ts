// The moment between the script's word and the server's open(): the object is replaced, or gone. Nobody gets a 404 or a short file.
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCgi } from '../support/cgi.js';
import type { Exchange } from '../support/client.js';
import { exchange, fetchRaw, type RawAnswer } from '../support/client.js';
import { etagOf, Gate, startOrigin, type Origin } from '../support/origin.js';
import { type Pattern, patternHash } from '../support/pattern.js';
import { commandLine, processesOf } from '../support/processes.js';
import { lacking, serverUser, type WebServer } from '../support/servers/server.js';
import { waitUntil } from '../support/wait.js';
import { SITES, type SiteSetup, startSite } from './sites.js';

const OLD: Pattern = { seed: 21, size: 400_000 };
const NEW: Pattern = { seed: 22, size: 350_000 };

/** The complete objects of a URL. */
function bodies(cacheDir: string, path: string): string[] {
  const directory = `${path.replace('/', ',')}/`;
  const names = readdirSync(cacheDir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.includes(directory) && /\.body[^/]*$/.test(name)).map((name) => join(cacheDir, name));
}

/** The web server's own processes, by its name: not the script, not fcgiwrap, not `offload serve`. */
function webServers({ pid }: WebServer): number[] {
  const family = [pid, ...readdirSync('/proc').map(Number).filter((other) => parentOf(other) === pid)];
  return family.filter((one) => /^(?:apache2|lighttpd|nginx)$/m.test(text(`/proc/${one}/comm`)));
}

function parentOf(pid: number): number | undefined {
  return Number(/^PPid:\s*(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1]);
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function isScript(pid: number): boolean {
  return commandLine(pid).endsWith('/offload.cgi');
}

/** Stops the web server after the script has named the object; `deed`; then the server goes on. */
async function between(server: WebServer, cacheDir: string, gate: Gate, client: Exchange, deed: () => Promise<void>): Promise<RawAnswer> {
  await gate.reached();
  const pids = webServers(server);
  assert.ok(pids.length > 0);
  const handed = join(cacheDir, 'handed');
  if (existsSync(handed)) unlinkSync(handed);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    gate.release();
    await waitUntil(() => existsSync(handed) && !processesOf(server.dir).some(isScript), { what: () => `the hand-over. ${server.errorLog()}` });
    await deed();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  return client.done;
}

function assertIs(answer: RawAnswer, body: Pattern, server: WebServer): void {
  assert.equal(answer.status, 200, `${answer.lines.join('\n')}\n${server.errorLog()}`);
  assert.deepEqual([answer.length, answer.complete, answer.sha256], [body.size, true, patternHash(body)]);
  assert.equal(answer.headers.get('ETag'), etagOf(body));
  assert.equal(answer.headers.get('Content-Length'), String(body.size));
  assert.equal(answer.headers.get('Content-Type'), 'application/zip');
  assert.equal(answer.headers.get('Cache-Control'), 'max-age=9');
  const names = answer.headers.list.map(([name]) => name.toLowerCase());
  assert.deepEqual(names, [...new Set(names)], answer.lines.join('\n'));
}

/** The next HEAD of this path is held until the gate is released. */
function holdHead(origin: Origin, path: string): Gate {
  const gate = new Gate();
  const nth = origin.count('HEAD', path) + 1;
  origin.replace(path, { script: (request) => (request.method === 'HEAD' && request.nth === nth ? { holdHeader: gate } : undefined) });
  return gate;
}

function testGone(setup: SiteSetup): void {
  const options = { skip: lacking(...setup.packages) };
  test(`${setup.name}: an object that is replaced, or gone, before the server opens it`, options, async (t) => {
    const origin = await startOrigin(t);
    const { server, cacheDir } = await startSite(t, setup, true, { OFFLOAD_BASE: origin.url });
    const put = (path: string, body: Pattern) => origin.file(path, { body, headers: { 'Content-Type': 'application/zip', 'Cache-Control': 'max-age=9' } });
    const get = (path: string) => fetchRaw({ to: server.port, path });
    /** Past the web server, which may keep open what it has sent. */
    const fill = async (path: string, body: Pattern) => {
      put(path, body);
      const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: cacheDir, OFFLOAD_KEEP_FREE: '0' };
      const user = serverUser();
      const filled = await runCgi({ url: path, settings, ...(user === undefined ? {} : { user }) });
      assert.equal(filled.sha256, patternHash(body), filled.stderr);
      await waitUntil(() => bodies(cacheDir, path).length > 0 && processesOf(`"cacheDir":"${cacheDir}"`).length === 0, { what: `${path} to be complete` });
    };
    const handedOver = async (path: string, deed: () => Promise<void>) => {
      const gate = holdHead(origin, path);
      return between(server, cacheDir, gate, exchange({ to: server.port, path }), deed);
    };

    await t.test('replaced: the client gets the version that it was promised', async () => {
      await fill('/replaced.zip', OLD);
      const answer = await handedOver('/replaced.zip', async () => {
        await fill('/replaced.zip', NEW);
        await waitUntil(() => existsSync(join(cacheDir, 'retired')) && readdirSync(join(cacheDir, 'retired')).length === 1, { what: 'the old object to be retired' });
      });
      assertIs(answer, OLD, server);
      assertIs(await get('/replaced.zip'), NEW, server);
    });

    await t.test('gone: the request comes back, and the client gets the file', async () => {
      await fill('/gone.zip', OLD);
      const answer = await handedOver('/gone.zip', () => {
        for (const path of bodies(cacheDir, '/gone.zip')) unlinkSync(path);
        return Promise.resolve();
      });
      assertIs(answer, OLD, server);
      assert.equal(origin.count('GET', '/gone.zip'), 2);
      assertIs(await get('/gone.zip'), OLD, server);
    });

    await t.test('gone, also from the base: the client is told so', async () => {
      await fill('/lost.zip', OLD);
      const answer = await handedOver('/lost.zip', () => {
        for (const path of bodies(cacheDir, '/lost.zip')) unlinkSync(path);
        origin.remove('/lost.zip');
        return Promise.resolve();
      });
      assert.deepEqual([answer.status, answer.body.toString(), answer.complete], [404, 'There is no such file.\n', true]);
      assert.equal(answer.headers.get('ETag'), undefined);
      assert.ok(origin.count('HEAD', '/lost.zip') >= 3, 'the base was not asked again');
    });
  });
}

for (const setup of SITES) testGone(setup);
