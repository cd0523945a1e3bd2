import { mkdirSync } from 'node:fs';
import type { Layout } from './layout.js';
import { LockWatch } from './lock.js';
import { thisHost } from './owner.js';

/**
 * One of `most` places for simultaneous downloads under one key (a URL and an address) on this host; undefined if all
 * are taken. A dead process's place is free again. @throws errors of the file system
 */
export function takeSlot(layout: Layout, key: string, most: number): { release(): void } | undefined {
  mkdirSync(layout.slots, { recursive: true, mode: 0o700 });
  for (let number = 0; number < most; number++) {
    // Nobody beats here: a process that writes to a slow client is blocked for hours.
    const lock = new LockWatch(layout.slot(`${thisHost()} ${key}`, number), false).acquire();
    if (lock !== undefined) return lock;
  }
  return undefined;
}
