import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { flagOf, flagsFrom } from '../../src/settings/flags';
import { explainSettings, loadSettings, SettingsError } from '../../src/settings/load';
import type { SettingsSource } from '../../src/settings/source';
import { directiveOf, variableOf } from '../../src/settings/names';
import type { Key } from '../../src/settings/settings';
import { KEYS, TABLE } from '../../src/settings/table';

const root = mkdtempSync(join(tmpdir(), 'offload-settings-'));
after(() => rmSync(root, { recursive: true }));

const BASE = { OFFLOAD_BASE: 'https://www.example.org' };
let count = 0;

/** A script's own directory with these files, and no file for the whole site unless given. */
function place(files: Record<string, string | Buffer>, source: Partial<SettingsSource> = {}): SettingsSource & { dir: string } {
  const dir = join(root, String(++count));
  mkdirSync(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return { env: {}, scriptDir: dir, siteFile: join(dir, 'no-site-file'), dir, ...source };
}

function conf(text: string | Buffer, source: Partial<SettingsSource> = {}): SettingsSource & { dir: string } {
  return place({ 'offload.conf': text }, source);
}

/** The problems of this source, with the directory taken out. */
function problems(source: SettingsSource & { dir: string }): string[] {
  try {
    loadSettings(source);
  } catch (error) {
    assert.ok(error instanceof SettingsError, `not a SettingsError: ${String(error)}`);
    assert.equal(error.message, error.problems.join('\n'));
    return error.problems.map((problem) => problem.replaceAll(`${source.dir}/`, ''));
  }
  return [];
}

describe('with nothing but a base', () => {
  test('every other setting has its default', () => {
    assert.deepEqual(loadSettings(place({}, { env: BASE })), {
      base: { secure: true, host: 'www.example.org', port: 443, authority: 'www.example.org', href: 'https://www.example.org' },
      baseAddress: undefined,
      cacheDir: '/var/cache/offload',
      timeout: 45_000,
      fresh: 0,
      staleIfError: 86_400_000,
      uncacheable: 'pass',
      maxDupeDownloads: 0,
      trustedProxy: [],
      cacheSize: undefined,
      keepFree: { share: 0.05 },
      handoff: undefined,
      log: undefined,
      logFormat: 'combined',
      statusAllow: [],
      debug: false,
      listen: { host: '127.0.0.1', port: 8080 },
    });
  });

  test('a default is the same object each time it is read', () => {
    const settings = loadSettings(place({}, { env: BASE }));
    assert.equal(settings.trustedProxy, settings.trustedProxy);
    assert.deepEqual({ ...settings }, settings);
  });
});

test('without a base it says where one can be set', () => {
  assert.deepEqual(problems(place({})), [
    'OffloadBase: not set; write OffloadBase and its value in offload.conf, or set OFFLOAD_BASE',
  ]);
});

test('each setting can be set by file, environment and flag', () => {
  const texts: Record<string, string> = {
    base: 'http://a:81',
    baseAddress: '192.0.2.1:82',
    cacheDir: '/srv/c',
    timeout: '7s',
    fresh: '8s',
    staleIfError: '9s',
    uncacheable: 'refuse',
    maxDupeDownloads: '3',
    trustedProxy: '10.0.0.0/8',
    cacheSize: '50G',
    keepFree: '1G',
    handoff: 'x-accel-redirect /Cache/ Vary x-cache',
    log: '/var/log/offload/access.log',
    logFormat: 'json',
    statusAllow: '192.0.2.0/24',
    debug: 'on',
    listen: 'unix:/s',
  };
  assert.deepEqual(Object.keys(texts).sort(), [...KEYS].sort(), 'a setting is missing from this test');
  const all = (nameOf: (key: Key) => string): Record<string, string> =>
    Object.fromEntries(KEYS.map((key) => [nameOf(key), texts[key]!]));
  const expected = Object.fromEntries(KEYS.map((key) => [key, TABLE[key].parse(texts[key]!)]));
  const file = Object.entries(all(directiveOf)).map((pair) => pair.join(' ')).join('\n');
  assert.deepEqual(loadSettings(conf(file)), expected);
  assert.deepEqual(loadSettings(place({}, { env: all(variableOf) })), expected);
  assert.deepEqual(loadSettings(place({}, { flag: flagsFrom(all(flagOf)) })), expected);
});

test('a flag comes before the environment, that before the file, that before the default', () => {
  const text = 'OffloadBase http://file\nOffloadTimeout 1s\nOffloadFresh 1s\nOffloadStaleIfError 1s\n';
  const settings = loadSettings(
    conf(text, { env: { OFFLOAD_TIMEOUT: '2s', OFFLOAD_FRESH: '2s' }, flag: flagsFrom({ timeout: '3s', 'not-a-setting': 'x' }) }),
  );
  assert.deepEqual([settings.timeout, settings.fresh, settings.staleIfError], [3000, 2000, 1000]);
  assert.equal(settings.base.href, 'http://file');
});

test('a switch is on without a value, and a repeated flag is a list', () => {
  const flags = { debug: true, 'trusted-proxy': ['10.0.0.1', '10.0.0.2,10.0.0.3'] };
  const settings = loadSettings(place({}, { env: { ...BASE, OFFLOAD_DEBUG: 'off' }, flag: flagsFrom(flags) }));
  assert.equal(settings.debug, true);
  assert.deepEqual(settings.trustedProxy, ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  assert.equal(loadSettings(place({}, { env: { ...BASE, OFFLOAD_DEBUG: 'on' }, flag: flagsFrom({ debug: false }) })).debug, false);
});

describe('the environment', () => {
  test('is also found as Apache renames it on an internal redirect', () => {
    const env = { REDIRECT_OFFLOAD_BASE: 'http://a', REDIRECT_OFFLOAD_FRESH: '1s', OFFLOAD_FRESH: '2s' };
    const settings = loadSettings(place({}, { env }));
    assert.equal(settings.base.href, 'http://a');
    assert.equal(settings.fresh, 2000);
    const source = place({ 'other.conf': 'OffloadBase http://b' });
    assert.equal(loadSettings({ ...source, env: { REDIRECT_OFFLOAD_CONF: join(source.dir, 'other.conf') } }).base.href, 'http://b');
  });

  test('has no effect where a variable is empty', () => {
    assert.equal(loadSettings(conf('OffloadTimeout 1s', { env: { ...BASE, OFFLOAD_TIMEOUT: '', OFFLOAD_CONF: '' } })).timeout, 1000);
  });

  test('has no effect through a variable that a client can set', () => {
    const env = { ...BASE, HTTP_PROXY: 'http://evil', HTTP_OFFLOAD_BASE: 'http://evil', HTTP_OFFLOAD_DEBUG: 'on' };
    assert.deepEqual(loadSettings(place({}, { env })), loadSettings(place({}, { env: BASE })));
  });
});

describe('the file', () => {
  test('named by OFFLOAD_CONF comes before the one beside the script, that before the one of the site', () => {
    const source = place({ 'offload.conf': 'OffloadFresh 1s', 'site.conf': 'OffloadFresh 2s\nOffloadTimeout 2s', 'other.conf': 'OffloadFresh 3s' });
    const siteFile = join(source.dir, 'site.conf');
    const beside = loadSettings({ ...source, siteFile, env: BASE });
    assert.deepEqual([beside.fresh, beside.timeout], [1000, 45_000], 'only one file is read');
    assert.equal(loadSettings({ ...source, siteFile, env: { ...BASE, OFFLOAD_CONF: join(source.dir, 'other.conf') } }).fresh, 3000);
    assert.equal(loadSettings({ ...source, siteFile, env: BASE, scriptDir: join(source.dir, 'nowhere') }).fresh, 2000);
  });

  test('named by OFFLOAD_CONF must be there', () => {
    const source = conf('', { env: { ...BASE, OFFLOAD_CONF: '/nowhere/offload.conf' } });
    assert.deepEqual(problems(source), [`/nowhere/offload.conf: cannot be read by uid ${process.geteuid?.()} (ENOENT); let it, or name another file in OFFLOAD_CONF`]);
  });

  test('that cannot be read is an error, not a missing one', () => {
    const source = conf('OffloadFresh 1s', { env: BASE, siteFile: conf('OffloadFresh 2s').dir });
    chmodSync(root, 0o755);
    chmodSync(join(source.dir, 'offload.conf'), 0);
    const me = process.getuid!();
    const reader = me === 0 ? 65_534 : me; // Root reads everything.
    if (me === 0) process.seteuid!(reader);
    try {
      assert.deepEqual(problems(source), [
        `offload.conf: cannot be read by uid ${reader} (EACCES); let it, or name another file in OFFLOAD_CONF`,
      ]);
    } finally {
      if (me === 0) process.seteuid!(me);
    }
  });

  test('that is a directory is an error', () => {
    const source = place({}, { env: BASE });
    mkdirSync(join(source.dir, 'offload.conf'));
    assert.match(problems(source).join('\n'), /^offload\.conf: cannot be read by uid \d+ \(EISDIR\); let it/);
  });

  test('is written like the files of Apache', () => {
    const text = [
      '\uFEFF# a comment \\',
      'OffloadBase http://still-the-comment',
      '',
      '   \t',
      '  offloadbase\thttps://www.example.org  \r',
      '\t# OffloadFresh 9s',
      'OFFLOADCACHEDIR "/srv/a \\"b\\" \\\\ c#d"\r',
      'OffloadTimeout \\\r',
      "   '7s'",
      'OffloadTrusted\\',
      'Proxy 10.0.0.1 "10.0.0.2" \\',
      '  10.0.0.3,10.0.0.4',
      'OffloadTrustedProxy 2001:db8::/32',
      'OffloadFresh\u00A01s',
      'OffloadDebug off',
      'OffloadDebug On\\',
    ];
    const settings = loadSettings(conf(text.join('\n')));
    assert.equal(settings.base.href, 'https://www.example.org');
    assert.equal(settings.cacheDir, '/srv/a "b" \\ c#d');
    assert.equal(settings.timeout, 7000);
    assert.deepEqual(settings.trustedProxy, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '2001:db8::/32']);
    assert.equal(settings.fresh, 1000);
    assert.equal(settings.debug, true, 'the last one counts');
  });

  test('may be shared with the base side, whose directives are left alone', () => {
    const text = `OffloadEngine On
      OffloadHost a b c
      offloadminsize 5K
      OffloadExcludeMimeType text/* "
      OffloadExcludeUserAgent "Some Agent*"
      OffloadExcludeAddress 10.*
      OffloadChoose hash
      OffloadOnlyPath /pub
      OffloadExcludePath /pub/small
      OffloadLinkDuplicates On`;
    assert.deepEqual(loadSettings(conf(text, { env: BASE })), loadSettings(place({}, { env: BASE })));
  });
});

test('all problems are told at once, each with where it is and what would be right', () => {
  const text = `# shared
    OffloadBase https://www.example.org
    OffloadTimout 45s
    OffloadTimeout 45x
    OffloadFresh
    OffloadCacheDir /srv/my cache
    OffloadDebug on # for now
    OffloadCacheDir "/srv/cache
    OffloadStaleIfError \\
      1 \\
      d
    OffloadTrustedProxy 10.0.0.1 10.0.0.x
    <IfModule mod_offload.c>
    constructor x
    OffloadListen ""`;
  const source = conf(text, { env: { OFFLOAD_UNCACHEABLE: 'deny', OFFLOAD_KEEP_FREE: '5 %' }, flag: flagsFrom({ 'max-dupe-downloads': '-1', debug: '' }) });
  assert.deepEqual(problems(source), [
    'offload.conf:3: OffloadTimout: unknown directive; did you mean OffloadTimeout?',
    'offload.conf:4: OffloadTimeout 45x: not a duration; write one like 500ms, 45s, 10m, 2h or 1d',
    'offload.conf:5: OffloadFresh: no value; write one',
    'offload.conf:6: OffloadCacheDir "/srv/my cache": more than one value; quote one with blanks, put a comment on a line of its own',
    'offload.conf:7: OffloadDebug "on # for now": more than one value; quote one with blanks, put a comment on a line of its own',
    String.raw`offload.conf:8: OffloadCacheDir "\"/srv/cache": a quote has no end; write it`,
    'offload.conf:9: OffloadStaleIfError "1       d": more than one value; quote one with blanks, put a comment on a line of its own',
    'offload.conf:12: OffloadTrustedProxy "10.0.0.1 10.0.0.x": 10.0.0.x is not an IP address or CIDR block; write one like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
    'offload.conf:13: <IfModule: unknown directive; remove the line',
    'offload.conf:14: constructor: unknown directive; remove the line',
    'offload.conf:15: OffloadListen "": not a host name or IP address; write one like 127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/offload.sock',
    'OFFLOAD_UNCACHEABLE=deny: unknown; write pass or refuse',
    '--max-dupe-downloads -1: not a whole number; write one like 0 or 4',
    'OFFLOAD_KEEP_FREE="5 %": not a size; write one like 5% (at most 99%), 500M, 2G or 1T',
    '--debug "": unknown; write on or off',
  ]);
});

test('an unknown directive is compared with every name that is known', () => {
  for (const [written, meant] of [
    ['Timeout', 'OffloadTimeout'],
    ['OFFLOAD_CACHE_DIR', 'OffloadCacheDir'],
    ['cache-dir', 'OffloadCacheDir'],
    ['OffloadHosts', 'OffloadHost'],
    ['OfloadMinSize', 'OffloadMinSize'],
    ['DocumentRoot', undefined],
    ['x'.repeat(100_000), undefined],
  ] as const) {
    const [problem] = problems(conf(`${written} 1`, { env: BASE }));
    assert.equal(problem?.split('; ')[1], meant === undefined ? 'remove the line' : `did you mean ${meant}?`, written.slice(0, 30));
  }
});

test('a bad line is told even if the environment replaces it', () => {
  assert.equal(problems(conf('OffloadTimeout 45x', { env: { ...BASE, OFFLOAD_TIMEOUT: '1s' } })).length, 1);
});

test('a message is one line, and not endless', () => {
  const env = { ...BASE, OFFLOAD_TIMEOUT: 'x'.repeat(10_000), OFFLOAD_FRESH: 'a\nb\u001B[1m\u009B', OFFLOAD_TRUSTED_PROXY: '::1 a\nb' };
  const [long, lines, blocks] = problems(place({}, { env }));
  assert.equal(long, `OFFLOAD_TIMEOUT=${'x'.repeat(200)}…: not a duration; write one like 500ms, 45s, 10m, 2h or 1d`);
  assert.equal(lines, String.raw`OFFLOAD_FRESH="a\nb\u001b[1m?": not a duration; write one like 500ms, 45s, 10m, 2h or 1d`);
  assert.match(blocks!, /^OFFLOAD_TRUSTED_PROXY="::1 a\\nb": a\?b is not an IP address/);
});

test('a password in a base does not get into a log', () => {
  const remedy = 'has a user name or password (@); write only scheme and server, like https://www.example.org';
  for (const [base, shown] of [
    ['https://me:secret@www.example.org', 'https://***@www.example.org'],
    ['https://me:sec/r?et@@www.example.org/', 'https://***@www.example.org/'],
    ['me:secret@www.example.org', '***@www.example.org'],
  ]) {
    assert.deepEqual(problems(conf(`OffloadBase ${base}`)), [`offload.conf:1: OffloadBase ${shown}: ${remedy}`]);
  }
});

test('a setting can tell where it came from', () => {
  const source = conf('OffloadBase http://a\nOffloadTrustedProxy ::1\nOffloadTrustedProxy 10.0.0.1\nOffloadNo 1\n', {
    env: { REDIRECT_OFFLOAD_FRESH: '2s' },
    flag: flagsFrom({ timeout: '3s' }),
  });
  const { settings, problems: found } = explainSettings(source);
  const told = Object.fromEntries(settings.map(({ directive, text, from }) => [directive, `${text} ${from.replaceAll(`${source.dir}/`, '')}`]));
  assert.equal(told['OffloadBase'], 'http://a offload.conf:1');
  assert.equal(told['OffloadTrustedProxy'], '::1 10.0.0.1 offload.conf:2, offload.conf:3');
  assert.equal(told['OffloadFresh'], '2s OFFLOAD_FRESH');
  assert.equal(told['OffloadTimeout'], '3s --timeout');
  assert.equal(told['OffloadKeepFree'], '5% default');
  assert.equal(found.length, 1);
  assert.equal(explainSettings(place({})).settings[0]?.from, 'not set');
});

test('random bytes are settings or a SettingsError, never a crash', () => {
  let seed = 20_261_122;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator: the same bytes each run.
    return Math.floor((seed / 2 ** 32) * below);
  };
  const pieces = [...KEYS.map((key) => `\n${directiveOf(key)} `), ...'" \' \\ \n \r \t # , : / [ ] % @ ? - .'.split(' '), ' ', 'http://', 'unix:/', '::1', '10.0.0.0/8', '45s', '5%', 'none', '\0', 'ü', '\u2028'];
  const source = conf('');
  let good = 0;
  for (let round = 0; round < 1000; round++) {
    const parts = Array.from({ length: random(12) }, () => (random(4) === 0 ? Buffer.from([random(256)]) : Buffer.from(pieces[random(pieces.length)]!)));
    const bytes = Buffer.concat(parts);
    writeFileSync(join(source.dir, 'offload.conf'), bytes);
    const key = KEYS[random(KEYS.length)]!;
    const env = { ...BASE, [variableOf(key)]: bytes.toString('latin1') };
    const found = [problems({ ...source, env: BASE }), problems({ ...source, env }), problems({ ...source, env: BASE, flag: flagsFrom({ [flagOf(key)]: bytes.toString() }) })];
    for (const problem of found.flat()) assert.ok(!/[\n\r\0]/.test(problem), JSON.stringify(problem));
    good += found.filter((list) => list.length === 0).length;
  }
  assert.ok(good > 100 && good < 2900, `both outcomes are met: ${good} of 3000 are good`);
});
