// What a client sees is the same whether the web server sends an object or this program: the same requests with and without hand-over.
import { strict as assert } from 'node:assert';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchRaw, type RawAnswer, type RawRequest } from '../support/client.js';
import { etagOf, LAST_MODIFIED, startOrigin, type FileSpec, type Origin } from '../support/origin.js';
import { assertNoProcessesOf } from '../support/processes.js';
import { lacking, type WebServer } from '../support/servers/server.js';
import { SITES, type SiteSetup, startSite } from './sites.js';

const BODY = { seed: 5, size: 300_000 };
const ETAG = etagOf(BODY);
const LATER = 'Fri, 01 Jan 2100 00:00:00 GMT';
const EARLIER = 'Sat, 01 Jan 2000 00:00:00 GMT';

const FILES: { readonly [path: string]: Partial<FileSpec> } = {
  '/a.zip': { headers: { 'Content-Type': 'application/zip', 'Cache-Control': 'max-age=60', Link: '</x>; rel=next' } },
  '/page.html': { headers: { 'Content-Type': 'text/html; charset=iso-8859-1', 'Content-Disposition': 'attachment; filename="p"', Expires: LATER } },
  // What a server could execute, parse, or call encoded by its name.
  '/run.php': { headers: { 'Content-Type': 'application/x-php' } },
  '/run.cgi': { headers: { 'Content-Type': 'text/plain' } },
  '/a.tar.gz': { headers: { 'Content-Type': 'application/x-tar' } },
  '/odd%20name\'+;,=~%41.bin': { headers: { 'Content-Type': 'application/octet-stream' } },
  '/weak.bin': { etag: 'W/"weak"', headers: { 'Content-Type': 'text/css' } },
  '/private.bin': { headers: { 'Content-Type': 'a/b', 'X-Sendfile': '/etc/passwd', 'X-Accel-Redirect': '/.offload/x', 'X-Offload-ETag': '"forged"' } },
};

interface Ask {
  readonly path: string;
  readonly request?: Omit<RawRequest, 'to' | 'path'>;
  /** Whether the server sends the file; `perhaps`: an HTTP/1.0 range, which a script keeps for itself. Default: yes. */
  readonly handed?: boolean | 'perhaps';
}

const with_ = (headers: Record<string, string>, handed = true): Ask => ({ path: '/a.zip', request: { headers }, handed });

const ASKS: readonly Ask[] = [
  ...Object.keys(FILES).map((path) => ({ path })),
  { path: '/a.zip', request: { version: 'HTTP/1.0' } },
  { path: '/a.zip', request: { method: 'HEAD' }, handed: false },
  with_({ Range: 'bytes=0-' }),
  with_({ Range: 'bytes=1000-1999' }),
  with_({ Range: 'bytes=299000-' }),
  with_({ Range: 'bytes=-500' }),
  with_({ Range: 'bytes=5-900000' }),
  { path: '/a.zip', request: { version: 'HTTP/1.0', headers: { Range: 'bytes=5-9' } }, handed: 'perhaps' },
  with_({ Range: 'bytes=5-9', 'If-Range': ETAG }),
  with_({ Range: 'bytes=5-9', 'If-Range': '"other"' }, false),
  with_({ Range: 'bytes=5-9', 'If-Range': LAST_MODIFIED }, false),
  with_({ Range: 'bytes=0-0,2-2,1000-1001' }, false),
  with_({ Range: 'bytes=300000-' }, false),
  with_({ Range: 'lines=1-2' }, false),
  with_({ 'If-None-Match': ETAG }, false),
  with_({ 'If-None-Match': `"x", W/${ETAG}` }, false),
  with_({ 'If-None-Match': '"other", W/"more"' }),
  with_({ 'If-None-Match': 'garbage' }, false),
  with_({ 'If-Modified-Since': LAST_MODIFIED }, false),
  with_({ 'If-Modified-Since': EARLIER }),
  with_({ 'If-Modified-Since': 'yesterday' }, false),
  with_({ 'If-None-Match': '"other"', 'If-Modified-Since': LATER }),
  with_({ 'If-None-Match': '"other"', Range: 'bytes=5-9' }),
  with_({ 'If-Match': ETAG }, false),
  with_({ 'If-Unmodified-Since': LAST_MODIFIED }, false),
  with_({ 'Accept-Encoding': 'gzip, br' }),
  { path: '/missing.zip', handed: false },
  { path: '/.offload/CACHEDIR.TAG', handed: false },
  { path: '/.offload-second-try', handed: false },
];

/** Of this moment or this server, and about the connection. */
const NOT_COMPARED = /^(?:date|age|server|connection|keep-alive|transfer-encoding)$/i;

function visible(answer: RawAnswer): unknown {
  const { status, headers, length, complete, sha256 } = answer;
  // nginx says Accept-Ranges with a 200, not with a 206.
  const compared = headers.list.filter(([name]) => !NOT_COMPARED.test(name) && (status !== 206 || name.toLowerCase() !== 'accept-ranges'));
  const lines = compared.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort();
  // A multipart body has a boundary of its own each time, also in its length.
  if (headers.get('Content-Type')?.startsWith('multipart') === true) return { status, complete, names: compared.map(([name]) => name.toLowerCase()).sort() };
  return { status, lines, length, complete, sha256 };
}

function publish(origin: Origin): void {
  for (const [path, spec] of Object.entries(FILES)) origin.file(path, { body: BODY, ...spec });
}

async function ask(server: WebServer, { path, request }: Ask): Promise<RawAnswer> {
  return fetchRaw({ to: server.port, path, ...request });
}

function testSame(setup: SiteSetup): void {
  test(`${setup.name}: the client sees the same as without`, { skip: lacking(...setup.packages) }, async (t) => {
    const origin = await startOrigin(t);
    publish(origin);
    const [own, handing] = await Promise.all([false, true].map((handsOver) => startSite(t, setup, handsOver, { OFFLOAD_BASE: origin.url })));
    assert.ok(own !== undefined && handing !== undefined);
    for (const path of Object.keys(FILES)) for (const { server } of [own, handing]) await ask(server, { path });
    const marker = join(handing.cacheDir, 'handed');
    const wrong: string[] = [];
    for (const one of ASKS) {
      rmSync(marker, { force: true });
      const both: readonly Promise<RawAnswer>[] = [ask(own.server, one), ask(handing.server, one)];
      const [want, got] = await Promise.all(both);
      assert.ok(want !== undefined && got !== undefined);
      const name = `${one.path} ${JSON.stringify(one.request ?? '')}`;
      try {
        assert.deepEqual(visible(got), visible(want));
      } catch (error) {
        wrong.push(`${name}: ${String(error)}`);
      }
      const header = got.lines.join('\n');
      if (header.includes(handing.cacheDir) || /x-sendfile|x-accel|x-offload|\/\.offload/i.test(header)) wrong.push(`${name}: the client sees what was for the server:\n${header}`);
      if (one.handed !== 'perhaps' && existsSync(marker) !== (one.handed ?? true)) wrong.push(`${name}: ${existsSync(marker) ? 'handed over' : 'not handed over'}`);
    }
    assert.equal(wrong.join('\n'), '', handing.server.errorLog());
    assert.equal(existsSync(join(own.cacheDir, 'handed')), false);
    for (const { server } of [own, handing]) {
      await server.stop();
      await assertNoProcessesOf(server.dir);
    }
  });
}

for (const setup of SITES) testSame(setup);
