// Each command of the table, held to the rules of the house.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { commandHelp, programHelp } from '../../src/cli/help';
import { runCommand } from '../../src/cli/run';
import { COMMANDS } from '../../src/cli/table';
import { flagOf } from '../../src/settings/flags';
import { VERSION } from '../../src/version';
import { atEnd, tempDir } from '../support/place';
import { lackingPrograms, startTerminal } from './terminal';
import { offloadCommand, ROOT } from '../support/build';

/** As the built command writes it: it knows its version. */
const HELP = programHelp().replaceAll(VERSION, (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version);

interface Ran {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

async function offload(...args: string[]): Promise<Ran> {
  const ran = promisify(execFile)(process.execPath, [await offloadCommand(), ...args]);
  return ran.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ran) => error,
  );
}

test('offload --help lists each command in columns at most 80 wide; without a command it is an error', async () => {
  const { code, stdout } = await offload('--help');
  assert.equal(code, 0);
  assert.equal(stdout, HELP);
  for (const { name } of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80 && line === line.trimEnd(), line);
  const without = await offload();
  assert.deepEqual([without.code, without.stdout, without.stderr], [2, '', HELP]);
  assert.deepEqual(await offload('help'), await offload('--help'));
});

test('a command that is none is named, with the one that was meant', async () => {
  const { code, stderr } = await offload('serv');
  assert.deepEqual([code, stderr], [2, 'offload: serv: no such command; did you mean serve? offload --help lists them\n']);
  assert.match((await offload('frobnicate')).stderr, /^offload: frobnicate: no such command; offload --help lists them\n$/);
});

for (const command of COMMANDS) {
  test(`offload ${command.name}: its texts are complete, its flags differ, its program loads, its help shows all of it`, async () => {
    const { name, summary, flags, settings, exits, examples } = command;
    assert.match(summary, /^[a-z].*[^.]$/);
    const names = [...flags.map((flag) => flag.name), ...settings.map(flagOf), 'help'];
    assert.equal(new Set(names).size, names.length, 'two flags of one name');
    for (const { name: flag, default: usual, choices, many } of flags) {
      assert.match(flag, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(usual === undefined || (choices?.includes(usual) ?? true), flag);
      assert.ok(usual === undefined || many !== true, `${flag}: a list has no default`);
    }
    assert.deepEqual(exits.map(([code]) => code), exits.map(([code]) => code).toSorted((a, b) => a - b));
    for (const { call } of examples) assert.ok(call.startsWith(`offload ${name}`) || call.includes(`| offload ${name}`), call);
    assert.equal(typeof (await command.load()), 'function');
    const help = commandHelp(command);
    for (const flag of names.filter((each) => each !== 'help')) assert.match(help, new RegExp(`^  --${flag}( |$)`, 'm'));
    const long = help.slice(0, help.indexOf('\nExamples:')).split('\n').filter((line) => line.length > 80);
    assert.deepEqual(long, []);
  });

  test(`offload ${command.name}: a flag that it doesn't have, a value that is none of its choices: exit code 2`, async () => {
    const refused = async (...args: string[]): Promise<string> => {
      let text = '';
      const io = { stdin: process.stdin, stdout: { write: () => assert.fail('standard output') }, stderr: { write: (chunk: unknown) => (text += String(chunk)) } };
      assert.equal(await runCommand(command, args, io), 2);
      return text;
    };
    assert.equal(await refused('--hepl'), `offload ${command.name}: Unknown option '--hepl', did you mean --help? See offload ${command.name} --help\n`);
    assert.match(await refused('--frobnicate-it'), /^offload [\w-]+: Unknown option '--frobnicate-it'; see offload [\w-]+ --help\n$/);
    for (const { name, choices } of command.flags) {
      if (choices !== undefined) assert.match(await refused(`--${name}`, 'x'), new RegExp(`^offload ${command.name}: --${name} x: unknown; use one of ${choices.join(', ')}\n$`));
    }
  });
}

test("the old name of the base's check still works", async () => {
  const { code, stderr } = await offload('check', '--big', 'no-url');
  assert.deepEqual([code, stderr], [2, 'offload check-base: --big no-url: must be a URL like http://base.example/path, without a query\n']);
});

test('errors end with what to do', async (t) => {
  const dir = tempDir(t);
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  atEnd(t, () => busy.close());
  const { port } = busy.address() as { port: number };
  const serve = (listen: string): Promise<Ran> => offload('serve', '--base', 'http://127.0.0.1:9', '--cache-dir', join(dir, 'cache'), '--listen', listen);
  const busyPort = await serve(`127.0.0.1:${port}`);
  assert.deepEqual([busyPort.code, busyPort.stderr], [1, `offload: OffloadListen 127.0.0.1:${port}: in use (EADDRINUSE); end what listens there, or choose another port\n`]);
  assert.match((await serve('192.0.2.1:80')).stderr, /: can't listen there \(EADDRNOTAVAIL\); this machine has no such address/);
  assert.match((await serve(`unix:${dir}/none/x`)).stderr, /: can't listen there \(E\w+\); its directory must be there/);
  assert.match((await offload('rules', join(dir, 'none'))).stderr, /can't be read \(ENOENT\); name a file of directives/);
  assert.match((await offload('rules', '--host', '127.0.0.1', '--map', join(dir, 'none/map'))).stderr, /can't be written \(ENOENT.*\); its directory must be there/);
});

test('colours are for a terminal, without NO_COLOR', { skip: lackingPrograms('script') }, async (t) => {
  const command = `exec ${await offloadCommand()} help`;
  const coloured = async (env: Readonly<Record<string, string>>): Promise<boolean> => {
    const terminal = startTerminal(t, command, env, tempDir(t));
    await terminal.type('', /tells the flags of a command/);
    return terminal.escapes();
  };
  assert.equal(await coloured({}), true);
  assert.equal(await coloured({ NO_COLOR: '' }), true);
  assert.equal(await coloured({ NO_COLOR: '1' }), false);
  assert.equal(await coloured({ TERM: 'dumb' }), false);
  assert.doesNotMatch((await offload('help')).stdout, /\x1b/);
});

test('a reader that has enough is no error', async () => {
  const child = spawn(process.execPath, [await offloadCommand(), 'manual'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.deepEqual([code, complaint], [0, '']);
});
