import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { Log } from '../log.js';
import type { Settings } from '../settings/settings.js';
import type { Entry } from './entry.js';
import { formatLine } from './line.js';

/** Opens an access log for `writeSync`: each write goes to its end, whoever else writes. Never waits for a FIFO's reader. */
export function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640);
}

/** Writes one line to the log that is now under its name, so that it can be rotated at any time. Never throws. */
export function appendEntry(entry: Entry, { log: path, logFormat }: Pick<Settings, 'log' | 'logFormat'>, log: Log): void {
  if (path === undefined) return;
  try {
    const fd = openLog(path);
    writeSync(fd, formatLine(entry, logFormat), null, 'latin1');
    closeSync(fd);
  } catch (error) {
    log.warn(cannotWrite(path, error));
  }
}

export function cannotWrite(path: string, error: unknown): string {
  return `OffloadLog ${path}: ${String(error)}; name a file where uid ${process.geteuid?.()} may write`;
}
