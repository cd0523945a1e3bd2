// The doctor and its patients: real web servers, set up right, and in each wrong way that the doctor knows.
import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SITES, startSite } from '../site/sites.js';
import { offloadCgi } from '../support/build.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { type Cleanup, freePort } from '../support/place.js';
import { startApache } from '../support/servers/apache.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { startNginx } from '../support/servers/nginx.js';
import { handOver, lacking, serverDir, type WebServer } from '../support/servers/server.js';
import { install, SETUPS } from '../support/servers/setups.js';
import { report, said, troubles } from './doctor.js';

async function startBase(t: Cleanup): Promise<Origin> {
  const origin = await startOrigin(t);
  origin.file('/a.zip', { body: 'x'.repeat(100_000), headers: { 'Content-Type': 'application/zip' } });
  return origin;
}

for (const setup of SITES) {
  test(`${setup.name}: the doctor finds nothing, and sees that hand-over works`, { skip: lacking(...setup.packages) }, async (t) => {
    const origin = await startBase(t);
    const { server, cacheDir } = await startSite(t, setup, true, { OFFLOAD_BASE: origin.url });
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: cacheDir, OFFLOAD_KEEP_FREE: '0', OFFLOAD_HANDOFF: setup.handoff };
    const found = await report(t, settings, '--site', server.url, '--url', '/a.zip');
    // AllowEncodedSlashes is not for .htaccess.
    const slash = setup.name.startsWith('htaccess') ? /%2F/ : /^$/;
    assert.deepEqual(troubles(found, 'web server', 'base').filter((line) => !slash.test(line)), [], said(found));
    for (const line of [
      ...(setup.name.startsWith('htaccess') ? [] : ['every URL reaches the script: any path, odd characters, %2F']),
      'the cache directory is not reached by a URL',
      'GET /a.zip: 200, the Content-Length of 100000 bytes survives',
      'a range is sent as a range',
      `hand-over by ${setup.handoff.split(' ')[0] ?? ''} works`,
    ]) {
      assert.ok(said(found).includes(`web server: ok: ${line}`), `${line}\n${said(found)}`);
    }
    assert.equal(origin.requests.filter(({ path }) => path.includes('offload-check')).length, 0, 'the base is not asked for URLs that it does not have');
  });
}

interface Sick {
  readonly server: WebServer;
  readonly settings: Readonly<Record<string, string>>;
}

/** Apache with a ScriptAlias, and what is wrong about it. */
async function apache(t: Cleanup, lines: (script: string, dir: string) => string[], settings: Readonly<Record<string, string>> = {}): Promise<Sick> {
  const origin = await startBase(t);
  const dir = serverDir(t);
  const script = install(await offloadCgi(), dir);
  const all = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0', ...settings };
  const env = Object.entries(all).map(([name, value]) => `SetEnv ${name} "${value}"`);
  const server = await startApache(t, { dir, config: () => [...env, ...lines(script, dir)].join('\n') });
  return { server, settings: all };
}

async function ofSite(t: Cleanup, { server, settings }: Sick, ...flags: string[]): Promise<string> {
  return troubles(await report(t, settings, '--site', server.url, '--url', '/a.zip', ...flags), 'web server').join('\n');
}

test('Apache: whether requests come into the access log', { skip: lacking('apache2') }, async (t) => {
  const lines = (script: string): string[] => [`ScriptAlias / ${script}/`, TRUST, SLASHES];
  const dir = serverDir(t);
  const log = join(dir, 'access.log');
  const logging = await apache(t, lines, { OFFLOAD_LOG: log });
  const found = await report(t, logging.settings, '--site', logging.server.url, '--url', '/a.zip');
  assert.ok(said(found).includes(`log: ok: ${log} can be made`), said(found));
  assert.ok(said(found).includes(`web server: ok: the requests are in the access log ${log}`), said(found));
  const elsewhere = await apache(t, lines);
  assert.match(await ofSite(t, elsewhere, '--log', log), /^warning: no request came into the access log .*; does the script have this OffloadLog, too/);
  const forbidden = await report(t, elsewhere.settings, '--log', '/proc/access.log');
  assert.match(troubles(forbidden, 'log').join(), /^error: OffloadLog \/proc\/access\.log: can't be made by uid \d+ .*install -o USER/);
});

const TRUST = 'SetEnv ap_trust_cgilike_cl 1';
const SLASHES = 'AllowEncodedSlashes NoDecode';

test('Apache: faults that the doctor names', { skip: lacking('apache2') }, async (t) => {
  const noSlash = await ofSite(t, await apache(t, (script) => [`ScriptAlias / ${script}`, TRUST, SLASHES]));
  assert.match(noSlash, /^error: a URL with a path doesn't reach the script: 404; .*ScriptAlias \/ \/path\/of\/offload\.cgi\/ \(with that slash/);
  const untrusted = await ofSite(t, await apache(t, (script) => [`ScriptAlias / ${script}/`, SLASHES, 'Header unset Content-Range']));
  assert.match(untrusted, /^error: GET \/a\.zip: the Content-Length is lost, and .*; Apache since 2\.4\.59 drops it: SetEnv ap_trust_cgilike_cl 1/m);
  assert.match(untrusted, /^warning: a range gets 206/m);
  const rules = await ofSite(t, await apache(t, (script) => ['RewriteEngine On', 'RewriteRule \\.php$ - [F]', `ScriptAlias / ${script}/`, TRUST]));
  assert.equal(rules.split('\n').length, 2);
  assert.match(rules, /^warning: a URL that ends in \.php doesn't reach the script: 403; no handler for that extension/m);
  assert.match(rules, /^warning: a URL with %2F doesn't reach the script: 404; Apache: AllowEncodedSlashes NoDecode in the virtual host/m);
  const broken = await ofSite(t, await apache(t, (script, dir) => {
    writeFileSync(join(dir, 'cgi-bin/package.json'), '{ "type": "module" }');
    return [`ScriptAlias / ${script}/`, TRUST];
  }));
  assert.match(broken, /^error: a URL with a path: 500: the script can't be run, or fails; see the web server's error log/);
  const unset = await apache(t, (script) => [`ScriptAlias / ${script}/`, TRUST, 'SetEnv OFFLOAD_TIMEOUT soon']);
  assert.match(await ofSite(t, unset), /^error: the script says that it is not set up right; see the web server's error log/);
});

test('Apache: hand-over that does not work, and a cache that everybody can read', { skip: lacking('apache2') }, async (t) => {
  const lines = (script: string): string[] => [`ScriptAlias / ${script}/`, TRUST, SLASHES];
  const leaking = await ofSite(t, await apache(t, lines, { OFFLOAD_HANDOFF: 'x-sendfile' }));
  assert.match(leaking, /^error: (?:the web server doesn't do hand-over: X-Sendfile came through|hand-over by x-sendfile: 200 with 0 of 100000 bytes)/m);
  const notTold = await apache(t, lines);
  assert.match(await ofSite(t, notTold, '--handoff', 'x-sendfile'), /^warning: OffloadHandoff says x-sendfile, but the script sends the bytes itself; does the script have this setting/);
  const limited = await ofSite(t, notTold, '--handoff', 'x-sendfile', '--max-dupe-downloads', '2');
  assert.match(limited, /^warning: OffloadMaxDupeDownloads is set: nothing is handed over/);
  const open = await apache(t, (script, dir) => {
    mkdirSync(join(dir, 'cache'), { mode: 0o700 });
    handOver(join(dir, 'cache'));
    return [`Alias /cache ${dir}/cache`, ...lines(script)];
  });
  assert.match(await ofSite(t, open), /^error: \/cache\/CACHEDIR\.TAG is sent to everybody: the cache can be read by its URL; take the cache out/m);
});

test('lighttpd without the slash: the script is not reached; nobody listens: said at once', { skip: lacking('lighttpd') }, async (t) => {
  const origin = await startBase(t);
  const dir = serverDir(t);
  const script = install(await offloadCgi(), dir);
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0' };
  const config = [`alias.url = ("/" => "${script}")`, 'cgi.assign = ("offload.cgi" => "")', `setenv.set-environment = ("OFFLOAD_BASE" => "${origin.url}")`];
  const server = await startLighttpd(t, { dir, config: () => config.join('\n') });
  assert.match(await ofSite(t, { server, settings }), /^error: a URL with a path doesn't reach the script: 404/);
  const nobody = { ...server, url: `http://127.0.0.1:${await freePort()}` };
  assert.match(await ofSite(t, { server: nobody, settings }), /^error: http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED.*; start the web server, or correct --site/);
});

test('nginx: fcgiwrap is not there; a file that is handed over is not found', { skip: lacking('nginx', 'fcgiwrap') }, async (t) => {
  const origin = await startBase(t);
  const setup = SETUPS.find(({ name }) => name === 'nginx with fcgiwrap');
  assert.ok(setup);
  const dir = serverDir(t);
  const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_KEEP_FREE: '0', OFFLOAD_HANDOFF: 'x-accel-redirect /.offload' };
  const server = await setup.start(t, await offloadCgi(), settings, dir);
  const found = await ofSite(t, { server, settings });
  assert.match(found, /^error: hand-over by x-accel-redirect: (?:404|500) with \d+ of 100000 bytes; the web server doesn't send the file that it is handed/m);

  const alone = await startNginx(t, { dir: serverDir(t), config: () => 'location / { include /etc/nginx/fastcgi_params; fastcgi_pass unix:/nonexistent.socket; }' });
  assert.match(await ofSite(t, { server: alone, settings }), /^error: a URL with a path: 502: the script can't be run, or fails; .*nginx: does fcgiwrap run/);
});
