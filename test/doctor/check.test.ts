// The doctor and its patients but for the web server: settings, cache directory, base. Right ones and wrong ones.
import { strict as assert } from 'node:assert';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startOrigin, type Origin } from '../support/origin.js';
import { atEnd, type Cleanup, freePort, tempDir } from '../support/place.js';
import { handOver, serverUser } from '../support/servers/server.js';
import { startServe } from '../support/servers/serve.js';
import { makeAuthority, startTls } from '../support/tls.js';
import { check, report, reportAsOurselves, said, troubles } from './doctor.js';

const FILE = { body: 'x'.repeat(10_000) };

interface Patient {
  readonly origin: Origin;
  readonly cacheDir: string;
  readonly settings: { OFFLOAD_BASE: string; OFFLOAD_CACHE_DIR: string; OFFLOAD_KEEP_FREE: string };
}

/** A base with /a.zip and an empty cache directory that its user may use. */
async function patient(t: Cleanup): Promise<Patient> {
  const origin = await startOrigin(t);
  origin.file('/a.zip', FILE);
  const cacheDir = join(tempDir(t), 'cache');
  mkdirSync(cacheDir, { mode: 0o700 });
  handOver(cacheDir);
  return { origin, cacheDir, settings: { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: cacheDir, OFFLOAD_KEEP_FREE: '0' } };
}

test('a healthy side: no errors, exit code 0; each setting and where it came from; nothing is left in the cache', async (t) => {
  const { origin, cacheDir, settings } = await patient(t);
  const conf = join(tempDir(t), 'offload.conf');
  writeFileSync(conf, '# ours\nOffloadFresh 10s\n');
  const found = await report(t, { ...settings, OFFLOAD_CONF: conf }, '--url', '/a.zip', '--timeout', '9s');
  assert.deepEqual([found.code, found.errors], [0, 0], said(found));
  assert.deepEqual(troubles(found, 'base', 'settings', 'program'), []);
  for (const line of [
    `settings: ok: OffloadBase ${origin.url}   (OFFLOAD_BASE)`,
    `settings: ok: OffloadFresh 10s   (${conf}:2)`,
    'settings: ok: OffloadTimeout 9s   (--timeout)',
    'cache: ok: files can be locked, written, flushed, dated and renamed there',
    'cache: ok: the cache is empty; CACHEDIR.TAG comes with the first file',
    'base: ok: HEAD /a.zip: 200, 10000 bytes, ETag ',
    'base: ok: ranges work',
    "base: ok: the base's clock and ours differ by ",
    'base: ok: a client on this machine gets 200 from the base itself',
  ]) {
    assert.ok(said(found).includes(line), `${line}\n${said(found)}`);
  }
  assert.match(said(found), /cache: ok: \S+ belongs to \S+, mode 0700/);
  assert.match(said(found), /settings: ok: \d+ others have their defaults/);
  assert.deepEqual(readdirSync(cacheDir), []);
});

test('its text has a line for each finding and the remedy below; --strict makes an error of a warning', async (t) => {
  const { settings } = await patient(t);
  const { code, out } = await check(t, settings);
  assert.equal(code, 0, out);
  assert.match(out, /^Settings\n {2}ok {7}OffloadBase http/);
  assert.match(out, /\nBase\n {2}ok {7}127\.0\.0\.1 port \d+ takes connections/);
  assert.match(out, /\n {2}warning {2}HEAD \/: 404; no file was looked at\n {11}Remedy: name one that the base has: --url \/path\/of\/a\/file\n/);
  assert.match(out, /\n\n\d+ warnings?\n$/);
  assert.equal((await check(t, settings, '--strict')).code, 1);
});

test('what can not be used is refused with exit code 2, before anything is asked', async (t) => {
  const { origin, settings } = await patient(t);
  for (const [flags, message] of [
    [['--url', 'a.zip'], /^offload check: --url a\.zip: must be a path like/],
    [['--site', 'offload.example.org'], /^offload check: --site offload\.example\.org: no scheme; write https:\/\/offload\.example\.org/],
    [['--wait', '0'], /^offload check: --wait 0: must be a number/],
  ] as const) {
    const { code, out, err } = await check(t, settings, ...flags);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, message);
  }
  assert.equal(origin.requests.length, 0);
});

test('bad settings are errors with file, line and remedy; then nothing else can be looked at', async (t) => {
  const conf = join(tempDir(t), 'offload.conf');
  writeFileSync(conf, 'OffloadBase https://www.example.org/\nOffloadTimeuot 9s\n');
  const found = await report(t, { OFFLOAD_CONF: conf, OFFLOAD_FRESH: 'soon' });
  assert.equal(found.code, 1);
  assert.ok(said(found).includes(`settings: error: ${conf}:2: OffloadTimeuot: unknown directive; did you mean OffloadTimeout?`), said(found));
  assert.ok(said(found).includes('settings: error: OFFLOAD_FRESH=soon: not a duration; write one like'), said(found));
  assert.match(said(await report(t, { OFFLOAD_CONF: '' })), /error: OffloadBase: not set; write OffloadBase .*or --base\. What SetEnv sets in the web server is not seen here: give it as a flag/);
  assert.ok(found.findings.every(({ section }) => section === 'settings' || section === 'program'));
});

test('a cache directory that can not be used, or should not be', async (t) => {
  const { cacheDir, settings } = await patient(t);
  const cacheTroubles = async (more = {}): Promise<string> => troubles(await report(t, { ...settings, ...more }), 'cache').join('\n');
  chmodSync(cacheDir, 0o500);
  if (serverUser() !== undefined || process.geteuid?.() !== 0) assert.match(await cacheTroubles(), /^error: .*cache can't be written to by \S+ \(EACCES\); chmod 700 /m);
  chmodSync(cacheDir, 0o770);
  assert.match(await cacheTroubles(), /^warning: .* mode 0770: others can change what is sent; chmod 700/m);
  chmodSync(cacheDir, 0o707);
  assert.match(await cacheTroubles(), /^error: .*everyone can write to it/m);
  chmodSync(cacheDir, 0o700);
  mkdirSync(join(cacheDir, 'urls'));
  assert.match(await cacheTroubles(), /^warning: CACHEDIR\.TAG is missing/m);
  assert.match(await cacheTroubles({ OFFLOAD_KEEP_FREE: '4000T' }), /^error: .* are free, OffloadKeepFree keeps .*: nothing more is cached; make room/m);
  const file = join(tempDir(t), 'file');
  writeFileSync(file, '');
  assert.match(await cacheTroubles({ OFFLOAD_CACHE_DIR: file }), /^error: .*is not a directory/m);
  assert.match(await cacheTroubles({ OFFLOAD_CACHE_DIR: join(cacheDir, 'not/yet') }), /^warning: .*isn't there yet; .*install -d/m);
  assert.match(await cacheTroubles({ OFFLOAD_CACHE_DIR: '/proc/none' }), /^error: \/proc\/none isn't there/m);
  if (serverUser() !== undefined) {
    const others = tempDir(t);
    assert.match(await cacheTroubles({ OFFLOAD_CACHE_DIR: others }), /^error: .*belongs to uid 0, but this is uid \d+; .*install -d -o USER/m);
  }
  const memory = mkdtempSync('/dev/shm/offload-check-');
  atEnd(t, () => rmSync(memory, { recursive: true }));
  handOver(memory);
  assert.match(await cacheTroubles({ OFFLOAD_CACHE_DIR: memory }), /^warning: the file system is tmpfs: it is memory, and empty after a restart; put/m);
});

/** What it says of a base. */
async function ofBase(t: Cleanup, base: string, ...flags: string[]): Promise<string> {
  const { settings } = await patient(t);
  const found = await report(t, { ...settings, OFFLOAD_BASE: base }, '--url', '/a.zip', ...flags);
  return said({ ...found, findings: found.findings.filter(({ section, level }) => section === 'base' && level !== 'ok') });
}

test('root is told to look as the owner of the cache', { skip: serverUser() === undefined && 'needs root' }, async (t) => {
  const { cacheDir, settings } = await patient(t);
  const [first = ''] = troubles(await reportAsOurselves(t, settings), 'cache');
  assert.equal(first, `warning: ${cacheDir} belongs to www-data, and this runs as root; sudo -u www-data offload check looks at it as the script does`);
  assert.deepEqual(readdirSync(cacheDir), []);
});

test('a base that is not there, does not answer, or has no name', async (t) => {
  assert.match(await ofBase(t, 'http://no-such-host.invalid'), /error: no-such-host\.invalid: the name can't be looked up .*OffloadBaseAddress$/);
  assert.match(await ofBase(t, `http://127.0.0.1:${await freePort()}`), /error: .*no connection \(ECONNREFUSED\); nothing listens there/);
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  atEnd(t, () => silent.close());
  await new Promise((resolve) => silent.once('listening', resolve));
  const began = performance.now();
  const { port } = silent.address() as { port: number };
  assert.match(await ofBase(t, `http://127.0.0.1:${port}`, '--wait', '0.3'), /error: HEAD \/a\.zip: .*no answer within 0\.3 s/);
  assert.ok(performance.now() - began < 20_000);
});

test('a base whose files can not be cached, or not well', async (t) => {
  const { origin } = await patient(t);
  const say = async (spec: Parameters<Origin['file']>[1]): Promise<string> => {
    origin.file('/a.zip', spec);
    return ofBase(t, origin.url);
  };
  assert.equal(await say(FILE), '');
  assert.match(await say({ ...FILE, etag: null, lastModified: null }), /^base: warning: HEAD \/a\.zip: 200, but it can't be cached: no validator.*FileETag MTime Size/);
  assert.match(await say({ ...FILE, etag: 'W/"1"' }), /warning: no strong ETag: a fill that breaks off begins anew/);
  assert.match(await say({ ...FILE, ignoreRange: true }), /warning: the base gives no ranges/);
  assert.match(await say({ ...FILE, headers: { 'Set-Cookie': 'a=b' } }), /can't be cached: Set-Cookie; name another file/);
  assert.match(await say({ ...FILE, status: 401 }), /error: HEAD \/a\.zip: 401: it wants a password; name a public file/);
  assert.match(await say({ ...FILE, status: 404 }), /error: HEAD \/a\.zip: 404: no such file/);
  assert.match(await say({ ...FILE, status: 301, headers: { Location: 'https://www.example.org/a.zip' } }), /warning: HEAD \/a\.zip: 301 to https:\/\/www\.example\.org\/a\.zip; .*its https/);
  const slow = await say({ ...FILE, headers: { Date: new Date(Date.now() - 90_000).toUTCString() } });
  const [, seconds] = /warning: the base's clock and ours differ by (\d+) s: the base is behind; set both right/.exec(slow) ?? [];
  assert.ok(Number(seconds) >= 89 && Number(seconds) < 150, slow);
  const fast = await say({ ...FILE, headers: { Date: new Date(Date.now() + 7200_000).toUTCString() } });
  assert.match(fast, /warning: the base's clock and ours differ by 7[12]\d\d s: the base is ahead/);
});

test('what a base says can not move the cursor', async (t) => {
  const { origin, settings } = await patient(t);
  origin.file('/a.zip', { ...FILE, status: 301, headers: { Location: 'http://x/\x9b2J' } });
  const { out } = await check(t, settings, '--url', '/a.zip');
  assert.match(out, /301 to http:\/\/x\/\\x9b2J\n/);
  assert.doesNotMatch(out, /[^\n -~]/);
});

test('a base that sends us back to ourselves, or is an offload server itself', async (t) => {
  const { origin, settings } = await patient(t);
  const away = { status: 307, headers: { Location: 'http://offload.example.org/a.zip' } };
  origin.file('/a.zip', { ...FILE, ...away });
  const loop = /error: the base redirects our own question back to us \(307 to http:\/\/offload\.example\.org\/a\.zip\); its rules must let requests with X-Mod-Offload-Bypass through/;
  assert.match(await ofBase(t, origin.url), loop);
  origin.file('/a.zip', { ...FILE, head: {}, get: away });
  assert.match(await ofBase(t, origin.url), /error: GET \/a\.zip: 307 after 200 to HEAD; .*X-Mod-Offload-Bypass/);
  const serve = await startServe(t, { OFFLOAD_BASE: settings.OFFLOAD_BASE });
  assert.match(await ofBase(t, serve.url), /error: OffloadBase is itself an offload server/);
});

test('a base with TLS that is wrong: expired, for another name, signed by nobody; and one that is right', async (t) => {
  const { origin, settings } = await patient(t);
  const authority = makeAuthority(t);
  const say = async (name: string, env: Readonly<Record<string, string>>, ...options: [({ days?: number; trusted?: boolean })?]): Promise<string> => {
    const { trusted = true, ...how } = options[0] ?? {};
    const front = await startTls(t, name, Number(new URL(origin.url).port), trusted ? { by: authority, ...how } : {});
    const found = await report(t, { ...settings, ...env, OFFLOAD_BASE: `https://www.example.org:${front.port}`, OFFLOAD_BASE_ADDRESS: `127.0.0.1:${front.port}` }, '--url', '/a.zip');
    return said({ ...found, findings: found.findings.filter(({ section }) => section === 'base') });
  };
  const trust = { NODE_EXTRA_CA_CERTS: authority.cert };
  const right = await say('www.example.org', trust, { days: 100 });
  assert.match(right, /ok: TLSv1\.3, the certificate is good for \d+ more days[^]*ok: HEAD \/a\.zip: 200/);
  assert.match(await say('www.example.org', trust), /warning: TLSv1\.3, the certificate is good for 1 more days; renew it/);
  assert.match(await say('www.example.org', trust, { days: -1 }), /error: TLS: CERT_HAS_EXPIRED; renew/);
  assert.match(await say('other.example.org', trust), /error: TLS: ERR_TLS_CERT_ALTNAME_INVALID; write the name/);
  assert.match(await say('www.example.org', {}), /error: TLS: (?:UNABLE_TO_\w+|SELF_SIGNED\w+); .*NODE_EXTRA_CA_CERTS/);
});

test('the script on this machine: there, executable, its Node there, not below a package of modules', async (t) => {
  const { settings } = await patient(t);
  const dir = tempDir(t);
  const script = join(dir, 'offload.cgi');
  handOver(dir);
  const say = async (): Promise<string> => troubles(await report(t, settings, '--script', script), 'program').join('\n');
  assert.match(await say(), /error: \S+offload\.cgi: no such file; put offload\.cgi there/);
  writeFileSync(script, '#!/no/such/node\n', { mode: 0o644 });
  handOver(script);
  assert.match(await say(), /error: \S+offload\.cgi may not be run; chmod 755/);
  chmodSync(script, 0o755);
  assert.match(await say(), /^error: \S+: its first line names \/no\/such\/node, which isn't there; build it with --node/);
  writeFileSync(script, `#!${process.execPath}\n`);
  assert.equal(await say(), '');
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  assert.match(await say(), /^error: \S+package\.json says "type": "module"/);
  writeFileSync(join(dir, 'offload.conf'), 'OffloadFresh 7s\n');
  assert.ok(said(await report(t, settings, '--script', script)).includes(`OffloadFresh 7s   (${dir}/offload.conf:1)`));
});
