// The completion that `offload completion` writes, in the real shells: what the Tab key does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { COMMANDS } from '../../src/cli/table';
import { offloadCommand } from '../support/build';
import { type Cleanup, tempDir } from '../support/place';
import { lackingPrograms, startTerminal, type Terminal } from './terminal';

/** A directory with the command in `bin`, and files that can be named. */
async function place(t: Cleanup): Promise<{ dir: string; env: { PATH: string; HOME: string } }> {
  const dir = tempDir(t);
  mkdirSync(join(dir, 'bin'));
  mkdirSync(join(dir, 'sub dir'));
  symlinkSync(await offloadCommand(), join(dir, 'bin/offload'));
  writeFileSync(join(dir, 'my base.conf'), '');
  return { dir, env: { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}`, HOME: dir } };
}

const SHELLS: { readonly [name: string]: { start: string; setup: string } } = {
  bash: { start: "exec bash --norc --noprofile -i", setup: "PS1='ready> '; bind 'set bell-style none'; eval \"$(offload completion bash)\"" },
  zsh: { start: 'exec zsh -f -i', setup: "PS1='ready> '; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; eval \"$(offload completion zsh)\"" },
};

/** Erases the line (Ctrl-U) and types; Tab completes. */
async function expectAt(shell: Terminal, keys: string, expected: RegExp): Promise<void> {
  await shell.type(`\x15\n`, /ready> $/);
  await shell.type(keys, expected);
}

for (const [name, { start, setup }] of Object.entries(SHELLS)) {
  test(`${name} completes commands, flags, what a flag may be, files and directories`, { skip: lackingPrograms(name, 'script') }, async (t) => {
    const { dir, env } = await place(t);
    const shell = startTerminal(t, start, env, dir);
    await shell.type(`${setup}; echo set up\n`, /\nset up\n[^]*ready> $/);
    await expectAt(shell, 'offload ser\t--fre\t9s --unc\tr\t', /offload serve --fresh[ =]9s --uncacheable[ =]refuse/);
    await expectAt(shell, 'offload rules --server apache-a\t', /--server apache-alias/);
    await expectAt(shell, 'offload rules --server=ng\t', /--server=nginx/);
    await expectAt(shell, 'offload rules my\t', /offload rules my\\ base\.conf /);
    await expectAt(shell, 'offload hosts --map my\t', /--map[ =]my\\ base\.conf /);
    await expectAt(shell, 'offload rules --root s\t', /--root[ =]sub\\ dir\//);
    await expectAt(shell, 'offload completion f\t', /completion fish/);
    for (const { name: command } of COMMANDS) await expectAt(shell, `offload ${command} --hel\t`, new RegExp(`offload ${command} --help `));
    await expectAt(shell, 'offload rules --\t\t', /(?=[^]*--exclude-user-agent)(?=[^]*--no-resolve)(?=[^]*--host)/);
    await expectAt(shell, 'offload help dem\t', /help demo/);
    await expectAt(shell, 'offload \t\t', new RegExp(COMMANDS.map(({ name: command }) => `(?=[^]* ?\\b${command}\\b)`).join('')));
  });
}

test('fish completes commands, flags, what a flag may be, files and directories', { skip: lackingPrograms('fish') }, async (t) => {
  const { dir, env } = await place(t);
  const complete = async (line: string): Promise<string[]> => {
    const script = 'offload completion fish | source; complete -C $argv[1]';
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script, line], { cwd: dir, env: { ...process.env, ...env } });
    return stdout.trimEnd().split('\n').map((each) => each.split('\t')[0] ?? '').sort();
  };
  assert.deepEqual(await complete('offload '), [...COMMANDS.map((each) => each.name), 'help'].sort());
  assert.deepEqual(await complete('offload serve --f'), ['--fresh']);
  assert.deepEqual(await complete('offload serve --uncacheable '), ['pass', 'refuse']);
  assert.deepEqual(await complete('offload rules --server=ng'), ['--server=nginx']);
  assert.deepEqual(await complete('offload rules my'), ['my base.conf']);
  assert.deepEqual(await complete('offload rules --root s'), ['sub dir/']);
  assert.deepEqual(await complete('offload completion '), ['bash', 'fish', 'zsh']);
  assert.deepEqual(await complete('offload serve my'), ['']);
});
