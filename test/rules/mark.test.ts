import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tempDir } from '../support/place.js';
import { rules } from './commands.js';
import { put } from './support.js';

const INPUT = 'OffloadEngine On\nOffloadHost no-such-host.invalid\nOffloadMinSize 1000\n';

/** Every file below a directory, by its path; names are bytes as latin1. */
function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

describe('offload rules --mark', () => {
  it('marks the big files, in a tree of the same shape, and refreshes it', async (t) => {
    const dir = tempDir(t);
    const [root, marks] = [join(dir, 'www'), join(dir, 'marks')];
    const mark = async (): Promise<string> => {
      const { code, err, out } = await rules(['--mark', marks, '--root', root, '-'], INPUT);
      assert.equal(code, 0, err);
      assert.equal(out, '');
      return err;
    };
    for (const name of ['a.bin', 'dir/b.bin', 'dir/deep/c.bin', 'space and "quote".bin']) put(join(root, name), Buffer.alloc(1000));
    put(join(root, 'small.bin'), Buffer.alloc(999));
    symlinkSync('../a.bin', join(root, 'dir/link.bin'));
    symlinkSync('..', join(root, 'dir/circle'));
    symlinkSync('gone', join(root, 'dangling'));
    symlinkSync('loop', join(root, 'loop'));
    assert.match(await mark(), /5 marks \(5 new, 0 removed\)/);
    assert.deepEqual(files(marks), ['a.bin', 'dir/b.bin', 'dir/deep/c.bin', 'dir/link.bin', 'space and "quote".bin']);
    assert.match(await mark(), /5 marks \(0 new, 0 removed\)/);

    truncateSync(join(root, 'a.bin'), 10); // small now
    rmSync(join(root, 'dir/deep'), { recursive: true });
    writeFileSync(join(root, 'small.bin'), Buffer.alloc(1000)); // big now
    rmSync(join(root, 'dir/b.bin'));
    mkdirSync(join(root, 'dir/b.bin')); // a directory where a file was
    put(join(root, 'dir/b.bin/in.bin'), Buffer.alloc(1000));
    assert.match(await mark(), /3 marks \(2 new, 4 removed\)/);
    assert.deepEqual(files(marks), ['dir/b.bin/in.bin', 'small.bin', 'space and "quote".bin']);
    assert.ok(!existsSync(join(marks, 'dir/deep')));
  });

  it('refuses a tree inside the document root, or no root at all', async (t) => {
    const dir = tempDir(t);
    const inside = await rules(['--mark', join(dir, 'marks'), '--root', dir, '-'], INPUT);
    assert.deepEqual([inside.code, /must lie outside/.test(inside.err)], [2, true]);
    const none = await rules(['--mark', join(dir, 'marks'), '--root', join(dir, 'none'), '-'], INPUT);
    assert.deepEqual([none.code, /ENOENT/.test(none.err)], [2, true]);
  });
});
