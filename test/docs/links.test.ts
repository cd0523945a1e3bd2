// What README, SECURITY and docs/ point at is there: files, headings, and the tests and sources that they name.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';

const ROOT = join(__dirname, '../..');
const PAGES = ['README.md', 'SECURITY.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

for (const page of PAGES) {
  test(`${page}: its links lead to files and headings that are there`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    assert.deepEqual([...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !leads(page, target)), []);
  });

  test(`${page}: tests, sources and figures that it names are there`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const named = [...text.replaceAll(/\]\([^)]*\)/g, '').matchAll(/\b(?:test|src|bench|docs)\/[\w./-]*\w/g)].map(([path]) => path);
    assert.deepEqual(named.filter((path) => !['', '.ts', '.test.ts'].some((end) => existsSync(join(ROOT, path + end)))), []);
  });
}

function leads(page: string, target: string): boolean {
  if (/^https?:/.test(target)) return true;
  const [path = '', heading] = target.split('#');
  const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (relative(ROOT, file).startsWith('..') || !existsSync(file)) return false;
  return heading === undefined || anchors(readFileSync(file, 'utf8')).includes(heading);
}

/** As GitHub makes them of headings: small letters, blanks to hyphens, no other punctuation; and `<a id>`. */
function anchors(text: string): string[] {
  const headings = [...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
}
