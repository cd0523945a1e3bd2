import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { flagOf, flagsFrom } from '../../src/settings/flags';
import { columns, flagOptions, settingRows, settingsTable, VALUE_FORMS, valueRows } from '../../src/settings/help';
import { loadSettings } from '../../src/settings/load';
import { directiveOf, variableOf } from '../../src/settings/names';
import { BASE_SIDE, KEYS, TABLE } from '../../src/settings/table';

function cells(row: string): string[] {
  return row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
}

test('directive, variable and flag of a setting are one name in three spellings', () => {
  for (const key of KEYS) {
    const directive = directiveOf(key);
    const words = directive.match(/[A-Z][a-z]*/g)!.slice(1);
    assert.equal(directive, `Offload${words.join('')}`);
    assert.equal(variableOf(key), ['OFFLOAD', ...words].join('_').toUpperCase());
    assert.equal(flagOf(key), words.join('-').toLowerCase());
    assert.equal(key, words.join('').replace(/^./, (letter) => letter.toLowerCase()));
    assert.ok(!BASE_SIDE.split(' ').includes(words.join('')));
  }
  const names = [directiveOf('maxDupeDownloads'), variableOf('maxDupeDownloads'), flagOf('maxDupeDownloads')];
  assert.deepEqual(names, ['OffloadMaxDupeDownloads', 'OFFLOAD_MAX_DUPE_DOWNLOADS', 'max-dupe-downloads']);
});

test('every default is a value that its setting takes', () => {
  for (const key of KEYS) {
    const { default: usual, parse } = TABLE[key];
    if (usual === undefined) assert.equal(key, 'base');
    else assert.doesNotThrow(() => parse(usual), key);
  }
});

test('the help text has each flag with its default, in columns at most 80 wide', () => {
  const help = `${columns(settingRows())}\nValues:\n${columns(valueRows())}`;
  for (const line of help.split('\n')) assert.ok(line.length <= 80 && line === line.trimEnd(), line);
  for (const key of KEYS) assert.match(help, new RegExp(`^  --${flagOf(key)}(  | [A-Zcop])`, 'm'));
  assert.match(help, /^ {2}--fresh DURATION +how long the base's word/m);
  const starts = help.split('\n\n')[0]!.trimEnd().split('\n').map((line) => line.search(/(?<= {2})[^\s-]/));
  assert.equal(new Set(starts).size, 1, 'the meanings stand in one column');
  const forms = new Set<string>(KEYS.map((key) => TABLE[key].syntax));
  for (const form of Object.keys(VALUE_FORMS)) assert.ok(forms.has(form), `${form} is no setting's`);
});

test('the Markdown table has a row of six cells for each setting', () => {
  const [head, rule, ...rows] = settingsTable().trimEnd().split('\n');
  assert.equal(cells(head!).length, 6);
  assert.equal(rule, '|---|---|---|---|---|---|');
  assert.equal(rows.length, KEYS.length);
  for (const row of rows) assert.equal(cells(row).length, 6, row);
  assert.deepEqual(cells(rows[0]!), ['`OffloadBase`', '`OFFLOAD_BASE`', '`--base`', '`ORIGIN`', 'required', 'the base server: http or https, name, port']);
  assert.ok(rows.some((row) => row.includes('`pass\\|refuse`')));
});

test('parseArgs takes the flags as the table has them', () => {
  const { values } = parseArgs({
    options: flagOptions(),
    args: ['--base', 'http://a', '--debug', '--trusted-proxy=10.0.0.1', '--trusted-proxy', '::1', '--timeout=9s'],
  });
  const settings = loadSettings({ flag: flagsFrom(values), env: {}, scriptDir: '/nowhere', siteFile: '/nowhere/offload.conf' });
  assert.equal(settings.base.href, 'http://a');
  assert.equal(settings.debug, true);
  assert.deepEqual(settings.trustedProxy, ['10.0.0.1', '::1']);
  assert.equal(settings.timeout, 9000);
});
