import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The project's own directory. */
export const ROOT = resolve(__dirname, '../..');

/** Milliseconds; 0 if there is no such file. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSource(): number {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join(ROOT, 'src', name));
  return Math.max(...[...sources, ...['build.mjs', 'minify.mjs', 'package.json'].map((name) => join(ROOT, name))].map(changedAt));
}

// A copy appears under its name only when it is whole: other test files may want it at the same moment.
function copyWhole(from: string, to: string): void {
  const draft = `${to}.${process.pid}.tmp`;
  copyFileSync(from, draft);
  chmodSync(draft, 0o755);
  renameSync(draft, to);
}

/** What is built reads it unless a test names another file: its settings would be in all tests. */
const SITE_FILE = '/etc/offload.conf';

async function build(target: 'cgi' | 'command', file: string): Promise<string> {
  if (existsSync(SITE_FILE)) throw new Error(`${SITE_FILE}: the programs that are tested would read it; move it away while the tests run`);
  const built = join(ROOT, file);
  if (changedAt(built) < newestSource()) {
    await promisify(execFile)(process.execPath, [join(ROOT, 'build.mjs'), '--target', target], { cwd: ROOT });
  }
  return built;
}

let building: Promise<string> | undefined;

async function buildCgi(): Promise<string> {
  const built = await build('cgi', 'cgi-bin/offload.cgi');
  const nph = join(dirname(built), `nph-${basename(built)}`);
  if (changedAt(nph) < changedAt(built)) copyWhole(built, nph);
  return built;
}

/** The path of the bundled `offload.cgi`, built anew if a source is newer; with `nph`, of its copy `nph-offload.cgi`. */
export async function offloadCgi({ nph = false } = {}): Promise<string> {
  building ??= buildCgi();
  const built = await building;
  return nph ? join(dirname(built), `nph-${basename(built)}`) : built;
}

let buildingCommand: Promise<string> | undefined;

/** The path of the bundled `offload`, built anew if a source is newer. */
export function offloadCommand(): Promise<string> {
  buildingCommand ??= build('command', 'bin/offload');
  return buildingCommand;
}
