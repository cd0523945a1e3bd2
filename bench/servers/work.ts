import { setTimeout as sleep } from 'node:timers/promises';
import { patternBytes } from '../../test/support/pattern.js';
import { get } from '../measure/client.js';
import { makeFile } from './base.js';
import type { BaseServer, Front } from './contender.js';

const SIZE = 8192;
const PATH = '/work.bin';
const CLIENTS = 50;

/** A server as it is on any day but its first: each of its processes has answered, what is compiled or grown under way is. */
export async function putToWork({ port }: Front, base: BaseServer): Promise<void> {
  makeFile(base, PATH, SIZE);
  const expected = patternBytes(1, 0, SIZE);
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: CLIENTS }, () => get(port, PATH, expected)));
  await sleep(300);
}
