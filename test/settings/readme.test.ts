import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { settingsTable } from '../../src/settings/help';

test("the README's table of settings is the one that the settings themselves make", () => {
  const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
  const [, table] = /<!-- settings: [^>]*-->\n([^]*?)<!-- \/settings -->/.exec(readme) ?? [];
  assert.equal(table, settingsTable(), 'put the output of settingsTable() there');
});
