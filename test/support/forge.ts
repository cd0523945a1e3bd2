import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { versionOf } from '../../src/base/version.js';
import { type Mark, writeMark } from '../../src/cache/mark.js';
import { ownerOf, type Owner, thisBoot } from '../../src/cache/owner.js';
import { touchRecord } from '../../src/cache/record.js';
import { Fields } from '../../src/http/fields.js';
import { fetchRaw } from './client.js';
import { type Pattern, patternBytes } from './pattern.js';
import { atEnd, type Cleanup } from './place.js';
import { processState } from './processes.js';
import type { Scene } from './scene.js';
import { waitUntil } from './wait.js';

/** What a process that filled, and is gone, has left of a URL. */
export interface Left {
  /** The version that the base has now. */
  readonly id: string;
  readonly part: string;
  readonly lock: string;
  readonly body: string;
}

/**
 * Lays out, as a fill would have left it: the record of what the base has now, and the first `size` bytes of it, by this
 * kernel, or as `mark` says.
 */
export async function leavePart(scene: Scene, path: string, body: Pattern, size: number, mark: Partial<Mark> = {}): Promise<Left> {
  const { status, headers } = await fetchRaw({ to: scene.origin.port, path, method: 'HEAD' });
  const fields = new Fields(headers.list);
  const version = versionOf(fields);
  if (version === undefined) throw new Error(`${path}: the base answers ${status}, and no version`);
  scene.origin.requests.length = 0;
  const place = scene.place(path);
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  touchRecord(place, path, { version, fields, validated: Date.now() });
  const left = { id: version.id, part: place.part(version.id), lock: place.lock(version.id), body: place.body(version.id) };
  writeFileSync(left.part, patternBytes(body.seed, 0, size), { mode: 0o600 });
  const { ino: inode } = statSync(left.part);
  writeMark(place, version.id, { boot: thisBoot(), inode, synced: 0, begun: version.date, ...mark });
  return left;
}

/** A lock as its owner would have written it. */
export function forgeLock(path: string, owner: Partial<Owner> & { readonly filling?: boolean } = {}): void {
  const claim = { ...ownerOf(process.pid), token: 'forged', filling: true, ...owner };
  writeFileSync(path, JSON.stringify(claim).padEnd(512), { mode: 0o600 });
}

/** A process that has ended, but whose parent doesn't want to know. */
export async function zombie(t: Cleanup): Promise<number> {
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  atEnd(t, () => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await waitUntil(() => processState(pid) === 'Z', { what: `process ${pid} to be a zombie` });
  return pid;
}

/** A pid that no process has: its process has ended and was reaped. */
export async function deadPid(): Promise<number> {
  const child = spawn('true');
  const { pid } = child;
  await once(child, 'exit');
  if (pid === undefined) throw new Error('true: did not start');
  return pid;
}

/** The claim in a lock file. */
export function claimIn(path: string): Owner & { readonly token: string; readonly filling: boolean } {
  return JSON.parse(readFileSync(path, 'latin1')) as ReturnType<typeof claimIn>;
}
