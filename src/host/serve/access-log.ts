import { closeSync, fstatSync, statSync, writeSync } from 'node:fs';
import { cannotWrite, openLog } from '../../access-log/append.js';
import type { Entry } from '../../access-log/entry.js';
import { formatLine } from '../../access-log/line.js';
import type { Log } from '../../log.js';
import type { Settings } from '../../settings/settings.js';

/** How often it is looked whether the log was rotated, in milliseconds. */
const LOOK_EVERY = 1000;

/** The access log of a process that stays: kept open, and opened anew when another file, or none, has its name. */
export class AccessLog {
  #fd: number | undefined;
  #looked = -Infinity;
  /** Said once, until it works again. */
  #warned = false;

  constructor(
    private readonly path: string,
    private readonly format: Settings['logFormat'],
    private readonly log: Log,
  ) {}

  /** One line, in one write. Never throws. */
  write(entry: Entry): void {
    try {
      writeSync(this.#open(performance.now()), formatLine(entry, this.format), null, 'latin1');
      this.#warned = false;
    } catch (error) {
      this.close();
      if (!this.#warned) this.log.warn(cannotWrite(this.path, error));
      this.#warned = true;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(now: number): number {
    if (this.#fd !== undefined && now - this.#looked >= LOOK_EVERY) {
      this.#looked = now;
      if (!this.#isUnderItsName(this.#fd)) this.close();
    }
    this.#fd ??= openLog(this.path);
    return this.#fd;
  }

  #isUnderItsName(fd: number): boolean {
    const named = statSync(this.path, { throwIfNoEntry: false });
    const { ino, dev } = fstatSync(fd);
    return named?.ino === ino && named.dev === dev;
  }
}
