import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCgi, startCgi } from '../../test/support/cgi.js';
import { startOrigin } from '../../test/support/origin.js';
import { tempDir } from '../../test/support/place.js';
import { memoryOf } from '../measure/memory.js';
import { summarize } from '../measure/statistics.js';
import type { Part } from '../part.js';

const SIZE = 200 * 2 ** 20;

/** What one CGI process holds while it streams to a client that takes its time. */
export const memoryPart: Part = {
  name: 'memory',
  summary: 'memory of one CGI process that streams a large cached file to a slow client',
  run: async ({ scope, quick, progress }) => {
    const dir = tempDir(scope);
    const origin = await startOrigin(scope);
    origin.file('/large.bin', { body: { seed: 1, size: SIZE } });
    const settings = { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(dir, 'cache') };
    progress('filling the cache');
    await runCgi({ url: '/large.bin', settings, timeout: 60_000 });
    const runs = quick ? 3 : 15;
    const anonymous: number[] = [];
    const resident: number[] = [];
    for (let run = 0; run < runs; run++) {
      const cgi = await startCgi({ url: '/large.bin', settings }, scope);
      await cgi.waitForBody(20 * 2 ** 20);
      cgi.pause();
      await sleep(500);
      const memory = memoryOf(cgi.pid);
      anonymous.push(memory.anonymous / 1024);
      resident.push(memory.resident / 1024);
      cgi.leave();
      await cgi.done.catch(() => undefined);
    }
    return [
      {
        name: 'memory',
        title: 'Memory of a CGI process that streams 200 MB to a slow client, 20 MB sent',
        columns: [
          { title: 'its own (anonymous)', unit: 'MB', digits: 1 },
          { title: 'resident, most of it shared with every other Node', unit: 'MB', digits: 1 },
        ],
        rows: [{ name: 'offload.cgi, streaming', own: true, cells: [summarize(anonymous), summarize(resident)] }],
        charted: [],
        notes: [`Goal: at most 9 MB of its own. ${runs} processes, each looked at once; medians, quartiles in parentheses.`],
      },
    ];
  },
};
