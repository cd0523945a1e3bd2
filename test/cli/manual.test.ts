// The manual that `offload manual` writes, read by the programs that read manuals.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runCommand } from '../../src/cli/run';
import { MANUAL, PAGES } from '../../src/cli/commands/manual';
import { COMMANDS } from '../../src/cli/table';
import { DIRECTIVES } from '../../src/rules/directives';
import { flagOf } from '../../src/settings/flags';
import { directiveOf } from '../../src/settings/names';
import { KEYS } from '../../src/settings/table';
import { tempDir } from '../support/place';
import { lackingPrograms } from './terminal';

async function manual(...args: string[]): Promise<string> {
  let text = '';
  const io = { stdin: process.stdin, stdout: { write: (chunk: unknown) => (text += String(chunk)) }, stderr: process.stderr };
  assert.equal(await runCommand(MANUAL, args, io), 0);
  return text;
}

/** As a person reads it, its lines as long as they want to be. */
function read(page: string): string {
  const text = execFileSync('man', ['-l', '-'], { input: page, encoding: 'utf8', env: { ...process.env, MANWIDTH: '1000', MANPAGER: 'cat', LC_ALL: 'C' } });
  return text.replaceAll(/.\x08|\x1b\[\d*m/g, '');
}

for (const name of PAGES) {
  test(`${name} has no fault that man's own programs see`, { skip: lackingPrograms('groff', 'mandoc') }, async (t) => {
    const file = join(tempDir(t), name);
    writeFileSync(file, await manual(name));
    const lint = execFileSync('sh', ['-c', 'mandoc -Tlint "$1" || :', 'sh', file], { encoding: 'utf8' });
    assert.equal(lint, '');
    assert.equal(execFileSync('sh', ['-c', 'groff -man -ww -Tutf8 "$1" 2>&1 >/dev/null', 'sh', file], { encoding: 'utf8' }), '');
  });
}

test('offload(1) has each command, each of its flags, its exit codes and examples as they are typed', { skip: lackingPrograms('man') }, async () => {
  const text = read(await manual());
  for (const { name, usage, flags, examples } of COMMANDS) {
    const start = text.indexOf(`   offload ${name} ${usage}`);
    assert.ok(start > 0, name);
    const rest = text.slice(text.indexOf('\n', start));
    const section = rest.slice(0, rest.search(/^ {0,3}\S/m));
    for (const { name: flag } of flags) assert.match(section, new RegExp(`^ {7}--${flag}( |$)`, 'm'));
    for (const { call } of examples) assert.ok(section.includes(`\n           ${call}\n`), call);
    assert.match(section, /Exit codes: 0: /);
  }
  for (const key of KEYS) assert.match(text, new RegExp(`^ {7}--${flagOf(key)}( |$)`, 'm'));
});

test('offload.conf(5) has each directive of both sides', { skip: lackingPrograms('man') }, async () => {
  const text = read(await manual('offload.conf.5'));
  for (const name of [...KEYS.map((key) => directiveOf(key)), ...Object.keys(DIRECTIVES)]) assert.match(text, new RegExp(`^ {7}${name} `, 'm'));
  assert.match(text, /OffloadBase https:\/\/www\.example\.org\n/);
});
