// The text of `offload site`: for people to read, the same each time, and nothing in it that a server could misread.
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/place.js';
import { siteText } from './sites.js';

const BASE = { OFFLOAD_BASE: 'https://www.example.org' };
const CALLS: readonly (readonly string[])[] = [
  ['--server', 'apache'],
  ['--server', 'apache', '--proxy'],
  ['--server', 'htaccess'],
  ['--server', 'lighttpd'],
  ['--server', 'nginx'],
  ['--server', 'nginx', '--proxy'],
];

test('what a settings file says is said there only; the script is told where the file is', async (t) => {
  const file = join(tempDir(t), 'offload.conf');
  writeFileSync(file, 'OffloadBase https://www.example.org\nOffloadTrustedProxy 192.0.2.1\nOffloadTrustedProxy 192.0.2.2\n');
  for (const call of CALLS) {
    const text = await siteText({ OFFLOAD_CONF: file, OFFLOAD_TIMEOUT: '9s' }, ...call);
    assert.match(text, /^# {5}OffloadBase https:\/\/www\.example\.org$/m);
    assert.match(text, /^# {5}OffloadTrustedProxy 192\.0\.2\.1 192\.0\.2\.2$/m);
    assert.doesNotMatch(text, /OFFLOAD_BASE|OFFLOAD_TRUSTED_PROXY/);
    if (call.includes('--proxy')) continue;
    assert.match(text, new RegExp(`OFFLOAD_CONF\\W+${file}"`));
    assert.match(text, /OFFLOAD_TIMEOUT\W+9s"/);
  }
});

async function refusal(settings: Readonly<Record<string, string>>, ...flags: string[]): Promise<string> {
  try {
    await siteText({ ...BASE, ...settings }, ...flags);
  } catch (error) {
    assert.ok(error instanceof Error && 'stderr' in error && 'code' in error && error.code !== 0);
    return String(error.stderr);
  }
  return assert.fail(`not refused: ${flags.join(' ')}`);
}

for (const call of CALLS) {
  test(`${call.join(' ')}: says what made it, from what, how to install and how to test it; the same each time`, async () => {
    const text = await siteText({ ...BASE, OFFLOAD_TIMEOUT: '9s' }, ...call, '--name', 'off.example.org');
    assert.equal(await siteText({ ...BASE }, ...call, '--name', 'off.example.org', '--timeout', '9s'), text);
    const [head = ''] = text.split('\n\n');
    assert.ok(head.split('\n').every((line) => line.startsWith('#')), head);
    assert.match(head, new RegExp(`^# Made by offload \\d+\\.\\d+\\.\\d+: offload site ${call.join(' ')}$`, 'm'));
    assert.match(head, /^# {5}OffloadBase https:\/\/www\.example\.org$/m);
    assert.match(head, /^# {5}OffloadTimeout 9s$/m);
    assert.match(head, /^# {5}OffloadHandoff /m);
    assert.match(head, /^# Install: /m);
    assert.match(head, /^# {5}curl .*http:\/\/off\.example\.org\/PATH$/m);
    assert.match(text, /\n$/);
    assert.doesNotMatch(text, /undefined|\[object|NaN|[^\n -~]/);
    for (const line of text.split('\n')) assert.equal(line, line.trimEnd());
  });
}

test('without OffloadHandoff each server gets the way that suits it; none is none', async () => {
  const ways = async (...flags: string[]) => /OffloadHandoff (\S+)/.exec(await siteText(BASE, ...flags))?.[1];
  assert.deepEqual(await Promise.all(CALLS.map((call) => ways(...call))), ['x-sendfile', 'x-sendfile', 'none', 'x-sendfile', 'x-accel-redirect', 'x-accel-redirect']);
  for (const call of CALLS) {
    const text = await siteText({ ...BASE, OFFLOAD_HANDOFF: 'none' }, ...call);
    const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
    assert.doesNotMatch(lines.join('\n'), /x-?send-?file|accel|internal|OFFLOAD_HANDOFF "?[^"n]/i, call.join(' '));
  }
});

test('what a server can\'t do, or could misread, is refused with a remedy', async () => {
  assert.match(await refusal({}, '--server', 'iis'), /^offload site: --server iis: unknown; use one of apache, htaccess, lighttpd, nginx\n$/);
  assert.match(await refusal({}), /--server .*not given; use one of apache/);
  assert.match(await refusal({}, '--server', 'lighttpd', '--proxy'), /--server lighttpd --proxy: unknown; use one of apache, nginx/);
  assert.match(await refusal({}, '--server', 'apache', '--handoff', 'x-accel-redirect /x'), /OffloadHandoff x-accel-redirect: this server can't do that; use none or x-sendfile or local-redirect/);
  assert.match(await refusal({}, '--server', 'apache', '--cache-dir', '/srv/a b'), /OffloadCacheDir \/srv\/a b: has a character .*choose another, or OffloadHandoff none/);
  assert.match(await refusal({}, '--server', 'nginx', '--handoff', 'none', '--cache-dir', '/srv/$a'), /has a character that web servers read in their own ways/);
  assert.match(await refusal({}, '--server', 'apache', '--name', 'a"\nUser root'), /--name .*not a host name/);
  assert.match(await refusal({}, '--server', 'nginx', '--name', 'a; }'), /--name .*not a host name/);
  assert.match(await refusal({}, '--server', 'apache', '--port', '99999'), /--port 99999: not a port/);
  assert.match(await refusal({}, '--server', 'apache', '--script', 'offload.cgi'), /--script "offload\.cgi": must begin with a slash/);
  assert.match(await refusal({ OFFLOAD_HANDOFF: 'x-accel-redirect' }, '--server', 'nginx'), /OFFLOAD_HANDOFF=x-accel-redirect: .*a URL path like x-accel-redirect \/\.offload/);
  for (const prefix of ['/', 'x', '/a/../b', '/a b/c', '/%41', '//a', '/a?']) {
    assert.match(await refusal({}, '--server', 'nginx', '--handoff', `x-accel-redirect ${prefix}`), /--handoff .*a URL path like x-accel-redirect \/\.offload/, prefix);
  }
});

test('a limit of simultaneous downloads is counted here, and the configuration says that nothing is handed over then', async () => {
  for (const call of CALLS.filter((flags) => !flags.includes('--proxy') && !flags.includes('htaccess'))) {
    assert.match(await siteText({ ...BASE, OFFLOAD_MAX_DUPE_DOWNLOADS: '2' }, ...call), /# OffloadMaxDupeDownloads counts .* none is handed over\./, call.join(' '));
  }
});
