import { existsSync, mkdirSync, openSync, closeSync, readFileSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { patternBytes } from '../../test/support/pattern.js';
import type { Cleanup } from '../../test/support/place.js';
import { handOver, lacking, launch, program, serverDir } from '../../test/support/servers/server.js';
import type { BaseServer, Contender } from './contender.js';
import { writeConfig } from './template.js';

/** Of its files. Long ago: what is new a cache may not call fresh for long (RFC 9111 §4.2.2). */
const MODIFIED = new Date('2026-09-01T00:00:00Z');

/** Starts the base: Apache with static files. */
export async function startBase(t: Cleanup): Promise<BaseServer> {
  const missing = lacking('apache2');
  if (missing !== false) throw new Error(`the base server ${missing}`);
  const dir = serverDir(t);
  const files = join(dir, 'htdocs');
  const log = join(dir, 'access.log');
  mkdirSync(join(files, 'limited'), { recursive: true });
  const { port, pid } = await launch(t, {
    dir,
    command: (free) => {
      writeConfig('peers/apache-base.conf', join(dir, 'httpd.conf'), { dir, port: free });
      return [program('apache2'), '-D', 'FOREGROUND', '-f', join(dir, 'httpd.conf')];
    },
  });
  const lines = () => (existsSync(log) ? readFileSync(log, 'latin1').split('\n') : []);
  const count = (method: string, path: string, status: number) => lines().filter((line) => line === `${method} ${path} ${status}`).length;
  const total = () => lines().length;
  return { port, roots: [pid], files, count, total };
}

/** Makes a file of the base: `size` bytes of the pattern of `seed`. */
export function makeFile(base: BaseServer, path: string, size: number, seed = 1): void {
  const file = join(base.files, path);
  const fd = openSync(file, 'w');
  const piece = 2 ** 20;
  for (let at = 0; at < size; at += piece) writeSync(fd, patternBytes(seed, at, Math.min(piece, size - at)));
  closeSync(fd);
  utimesSync(file, MODIFIED, MODIFIED);
  handOver(file);
}

/** The base itself, as its clients had it without anybody before it. */
export const baseItself: Contender = {
  name: 'Apache, the file itself',
  own: false,
  asks: '–',
  lacks: false,
  start: async (_, base) => Promise.resolve(base),
};
