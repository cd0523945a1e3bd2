import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { bucketPattern } from '../../src/rules/bucket-pattern.js';
import { bucketName, bucketOf, BUCKETS, spread, type Weighted } from '../../src/rules/spread.js';

function hosts(count: number, weight = 1): Weighted[] {
  return Array.from({ length: count }, (_, index) => ({ href: `http://offload${index}.example`, weight }));
}

function homes(list: readonly Weighted[]): string[] {
  return spread(list).map(([best]) => best?.href ?? '');
}

function share(of: readonly string[], href: string): number {
  return of.filter((home) => home === href).length;
}

/** How many standard deviations a count is off what chance would give. */
function surprise(count: number, p: number): number {
  return Math.abs(count - BUCKETS * p) / Math.sqrt(BUCKETS * p * (1 - p));
}

const SIZES = [2, 3, 4, 5, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 200, 256];

describe('the spread of buckets over hosts', () => {
  for (const size of SIZES) {
    it(`is even for ${size} hosts, and one more moves only what it takes`, () => {
      const before = homes(hosts(size));
      for (const { href } of hosts(size)) {
        const off = surprise(share(before, href), 1 / size);
        assert.ok(off < 4.5, `${href} has ${share(before, href)} of ${BUCKETS}: ${off.toFixed(1)} standard deviations off`);
      }
      const after = homes(hosts(size + 1));
      const newcomer = `http://offload${size}.example`;
      const moved = after.filter((home, bucket) => home !== before[bucket]);
      assert.ok(moved.every((home) => home === newcomer), 'a bucket moved between old hosts');
      const off = surprise(moved.length, 1 / (size + 1));
      assert.ok(off < 4.5, `${moved.length} of ${BUCKETS} moved, ${(BUCKETS / (size + 1)).toFixed(0)} expected`);
    });
  }

  it('gives a host that leaves its buckets to the next in order, and moves no other', () => {
    const order = spread(hosts(8), 2);
    const without = homes(hosts(8).filter(({ href }) => href !== 'http://offload3.example'));
    for (const [bucket, [best, next]] of order.entries()) {
      assert.equal(without[bucket], best?.href === 'http://offload3.example' ? next?.href : best?.href);
    }
  });

  it('follows weights, and weight 0 gets nothing', () => {
    const list = [...hosts(3), { href: 'http://big.example', weight: 5 }, { href: 'http://off.example', weight: 0 }];
    const all = homes(list);
    assert.ok(surprise(share(all, 'http://big.example'), 5 / 8) < 4.5);
    assert.ok(surprise(share(all, 'http://offload1.example'), 1 / 8) < 4.5);
    assert.equal(share(all, 'http://off.example'), 0);
  });

  it('moves only from others to the host whose weight grows', () => {
    const before = homes(hosts(4));
    const after = homes(hosts(4).map((host, index) => (index === 2 ? { ...host, weight: 2 } : host)));
    const moved = after.filter((home, bucket) => home !== before[bucket]);
    assert.ok(moved.length > 0 && moved.every((home) => home === 'http://offload2.example'));
  });

  it("doesn't depend on the order of the directives", () => {
    assert.deepEqual(homes([...hosts(9)].sort((a, b) => (a.href < b.href ? 1 : -1))), homes(hosts(9)));
  });

  it('stays what it is from version to version: every cache is filled by it', () => {
    const all = homes(hosts(3));
    assert.deepEqual([0, 1, 2, 3, 1000, 2000, 3000, 4095].map((bucket) => all[bucket]?.slice(14, 15)), ['1', '0', '2', '0', '0', '0', '0', '2']);
  });

  it('takes the first three hex digits of the path\'s md5 for the bucket, as Apache prints it', () => {
    assert.equal(bucketOf('/big.bin'), 0x7cd);
    assert.equal(bucketOf('/caf\xc3\xa9'), 0xfa9);
  });
});

describe('the pattern of a set of buckets', () => {
  it('matches these and no others', () => {
    for (const size of [2, 3, 16, 256]) {
      const all = homes(hosts(size));
      const own = all.flatMap((home, bucket) => (home === 'http://offload1.example' ? [bucketName(bucket)] : []));
      const pattern = new RegExp(`^${bucketPattern(own)}`);
      const matched = Array.from({ length: BUCKETS }, (_, bucket) => bucketName(bucket)).filter((name) => pattern.test(name));
      assert.deepEqual(matched, own);
    }
  });
});
