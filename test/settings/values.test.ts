import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BadValue } from '../../src/settings/bad-value';
import { directory } from '../../src/settings/path';
import * as values from '../../src/settings/values';

/** The parser refuses the text with exactly this message. */
function refuses(parse: (text: string) => unknown, text: string, message: string): void {
  assert.throws(
    () => parse(text),
    (error) => error instanceof BadValue && (assert.equal(error.message, message), true),
    `${JSON.stringify(text)} was taken`,
  );
}

describe('an origin', () => {
  test('is taken apart into what the connection and the Host field need', () => {
    assert.deepEqual(values.origin('https://www.example.org'), {
      secure: true,
      host: 'www.example.org',
      port: 443,
      authority: 'www.example.org',
      href: 'https://www.example.org',
    });
    assert.deepEqual(values.origin('http://[2001:DB8::1]:8080/'), {
      secure: false,
      host: '2001:db8::1',
      port: 8080,
      authority: '[2001:db8::1]:8080',
      href: 'http://[2001:db8::1]:8080',
    });
  });

  test('has one spelling: small letters, no port of its own scheme, no slash', () => {
    for (const [text, href] of [
      ['HTTP://WWW.Example.ORG:80/', 'http://www.example.org'],
      ['https://www.example.org:443', 'https://www.example.org'],
      ['https://www.example.org:80', 'https://www.example.org:80'],
      ['http://127.0.0.1:8001', 'http://127.0.0.1:8001'],
      ['http://build_7.internal', 'http://build_7.internal'],
      ['http://MÜNCHEN.example:81', 'http://xn--mnchen-3ya.example:81'],
    ] as const) {
      assert.equal(values.origin(text).href, href);
    }
  });

  test('is nothing more than an origin', () => {
    const path = 'has a path, but every URL is asked of the base as it is here; write only https://www.example.org';
    refuses(values.origin, 'https://www.example.org/pub', path);
    refuses(values.origin, 'https://www.example.org//', path);
    refuses(values.origin, 'https://www.example.org\\pub', path);
    refuses(values.origin, 'https://www.example.org?a', path.replace('path', 'query'));
    refuses(values.origin, 'https://www.example.org/?', path);
    refuses(values.origin, 'https://www.example.org#', path.replace('path', 'fragment'));
    refuses(values.origin, 'https://me:secret@www.example.org', 'has a user name or password (@); write only scheme and server, like https://www.example.org');
  });

  test('needs a scheme that the program speaks', () => {
    refuses(values.origin, 'www.example.org', 'no scheme; write https://www.example.org or http://www.example.org');
    refuses(values.origin, 'localhost:8080', 'no scheme; write https://localhost:8080 or http://localhost:8080');
    refuses(values.origin, 'ftp://example.org', 'neither http nor https; write one like https://www.example.org');
    refuses(values.origin, 'a\nb', 'no scheme; write https://www.example.org or http://www.example.org');
    refuses(values.origin, '', 'no scheme; write https://www.example.org or http://www.example.org');
  });

  test('needs a host name or an address, and a port that exists', () => {
    for (const host of ['', 'a..b', '.a', '-a', 'a b', 'a\tb', 'a%41', '1.2.3', '256.1.1.1', '01.2.3.4', '[::1', '[::g]', '[1.2.3.4]', '::1', '[::1]x', `${'a.'.repeat(130)}b`]) {
      assert.throws(() => values.origin(`http://${host}`), BadValue, host);
    }
    refuses(values.origin, 'http://', 'not a host name or IP address; write one like https://www.example.org');
    for (const port of ['', '0', '65536', '8o', '-1', '+1', '1e3']) {
      refuses(values.origin, `http://a:${port}`, 'not a port from 1 to 65535; write one like https://www.example.org');
    }
  });
});

test('a duration is given in milliseconds', () => {
  for (const [text, time] of [['45s', 45_000], ['500ms', 500], ['10m', 600_000], ['2h', 7_200_000], ['1d', 86_400_000], ['0', 0], ['0s', 0]] as const) {
    assert.equal(values.duration(text), time);
  }
  for (const text of ['45x', '45', '', 's', '-1s', '+1s', '1.5h', '45 s', '45S', '0x10s', '1e3s', '٣s', '45s ']) {
    refuses(values.duration, text, 'not a duration; write one like 500ms, 45s, 10m, 2h or 1d');
  }
  refuses(values.duration, '999999999999999d', 'not a duration; write one like 500ms, 45s, 10m, 2h or 1d');
});

test('a time to wait is one that a timer can wait', () => {
  assert.equal(values.waitingTime('24d'), 24 * 86_400_000);
  for (const text of ['0', '0s', '25d']) {
    refuses(values.waitingTime, text, 'out of range; write one from 1ms to 24d');
  }
});

test('a whole number has only digits', () => {
  assert.equal(values.wholeNumber('0'), 0);
  assert.equal(values.wholeNumber('12'), 12);
  for (const text of ['', '-1', '1.5', '4x', '0x4', ' 4', '99999999999999999']) {
    refuses(values.wholeNumber, text, 'not a whole number; write one like 0 or 4');
  }
});

test('space to keep free is a share or a size in powers of 1024', () => {
  assert.deepEqual(values.sizeOrShare('5%'), { share: 0.05 });
  assert.deepEqual(values.sizeOrShare('0%'), { share: 0 });
  assert.deepEqual(values.sizeOrShare('2G'), { bytes: 2_147_483_648 });
  assert.deepEqual(values.sizeOrShare('500m'), { bytes: 524_288_000 });
  assert.deepEqual(values.sizeOrShare('1T'), { bytes: 1_099_511_627_776 });
  assert.deepEqual(values.sizeOrShare('4096'), { bytes: 4096 });
  for (const text of ['', '%', 'G', '2GB', '-5%', '5 %', '1.5G', '5P', '100%', '99999999T']) {
    refuses(values.sizeOrShare, text, 'not a size; write one like 5% (at most 99%), 500M, 2G or 1T');
  }
});

test('the size of the cache is such a size, or none', () => {
  assert.deepEqual(values.limit('50G'), { bytes: 50 * 1024 ** 3 });
  assert.deepEqual(values.limit('80%'), { share: 0.8 });
  assert.equal(values.limit('None'), undefined);
  refuses(values.limit, 'unlimited', 'not a size; write one like 5% (at most 99%), 500M, 2G or 1T');
});

test('a choice is one of its words, whatever the case', () => {
  const parse = values.choice('pass', 'refuse');
  assert.equal(parse('Refuse'), 'refuse');
  refuses(parse, 'deny', 'unknown; write pass or refuse');
  refuses(parse, '', 'unknown; write pass or refuse');
  assert.equal(values.onOff('On'), true);
  assert.equal(values.onOff('off'), false);
  refuses(values.onOff, 'yes', 'unknown; write on or off');
});

test('a directory is an absolute path, cleaned up, and not the root', () => {
  assert.equal(directory('/srv/a/../cache//x/'), '/srv/cache/x');
  assert.equal(directory('/srv/größe 1'), '/srv/größe 1');
  for (const text of ['', 'cache', './cache', '~/cache', '/a\0b']) {
    refuses(directory, text, 'not an absolute path; write one like /var/cache/offload');
  }
  refuses(directory, '/a/..', 'is the root directory; write a directory of its own, like /var/cache/offload');
});

test("a base's address is a name or an address, with or without a port", () => {
  for (const [text, host, port] of [
    ['203.0.113.7', '203.0.113.7', undefined],
    ['203.0.113.7:8080', '203.0.113.7', 8080],
    ['2001:db8::7', '2001:db8::7', undefined],
    ['[2001:db8::7]', '2001:db8::7', undefined],
    ['[::ffff:192.0.2.1]:81', '::ffff:192.0.2.1', 81],
    ['Base.internal:81', 'base.internal', 81],
  ] as const) {
    assert.deepEqual(values.address(text), { host, port });
  }
  assert.equal(values.address('none'), undefined);
  const example = '192.0.2.7, [2001:db8::7]:8080 or base.internal:8080';
  refuses(values.address, 'http://a', `not a port from 1 to 65535; write one like ${example}`);
  refuses(values.address, 'a/b', `not a host name or IP address; write one like ${example}`);
});

test('a place to listen is a host and port, every address, or a socket', () => {
  for (const [text, place] of [
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    [':8080', { host: '', port: 8080 }],
    ['*:8080', { host: '', port: 8080 }],
    ['unix:/run/offload.sock', { path: '/run/offload.sock' }],
  ] as const) {
    assert.deepEqual(values.listen(text), place);
  }
  const example = '127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/offload.sock';
  refuses(values.listen, 'unix:run', `not an absolute path; write one like ${example}`);
  refuses(values.listen, 'localhost', `no port; write one like ${example}`);
  refuses(values.listen, ':', `not a port from 0 to 65535; write one like ${example}`);
  refuses(values.listen, '::1:8080', `not a port from 0 to 65535; write one like ${example}`);
});

test('trusted proxies are addresses and blocks between blanks or commas', () => {
  assert.deepEqual(values.addressBlocks('192.0.2.7, 10.0.0.0/8\t2001:db8::/32,::1'), ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1']);
  assert.deepEqual(values.addressBlocks('0.0.0.0/0 ::/0'), ['0.0.0.0/0', '::/0']);
  assert.deepEqual(values.addressBlocks('none'), []);
  const remedy = 'not an IP address or CIDR block; write one like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32';
  for (const text of ['', ',', '10.0.*', 'proxy.example.org', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8x', '10.0.0/8', '::1%eth0', '1:2:3:4:5:6:7:8:9', '[::1]']) {
    refuses(values.addressBlocks, text, remedy);
  }
  refuses(values.addressBlocks, '10.0.0.0/8 nonsense', `nonsense is ${remedy}`);
});

describe('a hand-over', () => {
  test('is none, or a way, its URL path, and names of fields', () => {
    assert.equal(values.handoff('None'), undefined);
    assert.deepEqual(values.handoff('X-Sendfile'), { way: 'x-sendfile', prefix: '', fields: [] });
    const nginx = { way: 'x-accel-redirect', prefix: '/A/b.c', fields: ['vary', 'x-cache'] };
    assert.deepEqual(values.handoff('x-accel-redirect  /A/b.c/ Vary X-Cache'), nginx);
    assert.deepEqual(values.handoff('local-redirect /.offload'), { way: 'local-redirect', prefix: '/.offload', fields: [] });
  });

  test('needs a path that every server takes as it is', () => {
    const message = 'unknown; write none, x-sendfile, or a way and a URL path like x-accel-redirect /.offload';
    for (const path of ['', ' /', ' x', ' /a/../b', ' /./a', ' //a', ' /%41', ' /a?b', ' /a b/c']) {
      for (const way of ['x-accel-redirect', 'local-redirect', 'x-litespeed-location']) {
        refuses(values.handoff, way + path, message);
      }
    }
    for (const text of ['', 'sendfile', 'none /x', 'x-accel /x', 'x-sendfile /x']) {
      refuses(values.handoff, text, message);
    }
  });
});
