import type { Entry } from '../../src/access-log/entry.js';
import { DAY, History, HOUR } from '../../src/status/history.js';
import { statusPage } from '../../src/status/page.js';
import { reportOf } from '../../src/status/report.js';
import { Layout } from '../../src/cache/layout.js';

export const HOSTILE = '/"><script>document.title="owned"</script><img src=x onerror=alert(1)>.iso';

/** A page of a busy month: traffic that comes and goes with the day, misses when a file is new. */
export function busyPage(now: number): string {
  const history = new History();
  const add = (entry: Partial<Entry> & Pick<Entry, 'time' | 'url' | 'bytes' | 'cache'>) =>
    history.add({ method: 'GET', status: 200, pulled: 0, ...entry, sent: entry.sent ?? 'all' });
  for (let hour = 30 * 24; hour >= 0; hour--) {
    const time = now - hour * HOUR;
    const busy = 6 + 5 * Math.sin(((time % DAY) / DAY) * 2 * Math.PI - 2) + (hour % 7);
    for (let i = 0; i < busy; i++) add({ time, url: `/pub/release-${(i * i) % 7}/image-${i % 3}.iso`, bytes: (700 + i * 40) * 1_000_000, cache: i === 3 ? 'follow' : 'hit' });
    if (hour % 20 < 3) {
      add({ time, url: '/pub/new.iso', bytes: 1_900_000_000, cache: 'miss' });
      add({ time, method: 'FILL', url: '/pub/new.iso', bytes: 0, pulled: 1_900_000_000, cache: 'fill' });
    }
    if (hour % 31 === 0) add({ time, url: '/gone', status: hour % 2 === 0 ? 404 : 502, bytes: 20, cache: '-' });
    if (hour % 8 === 0) history.noteSize(time, (60 + 30 * Math.sin(hour / 90)) * 1024 ** 3);
  }
  add({ time: now, url: HOSTILE, bytes: 90_000_000_000, cache: 'hit' });
  const fills = [{ url: HOSTILE, here: 340_000_000, length: 1_000_000_000, speed: 12_000_000, followers: 3 }];
  const disk = { cache: 80 * 1024 ** 3, limit: null, free: 30 * 1024 ** 3, total: 150 * 1024 ** 3, keepFree: 7.5 * 1024 ** 3 };
  const sources = { base: 'https://downloads.example.org', layout: new Layout('/var/cache/offload'), log: '/var/log/offload/access.log', history, fills, disk };
  return statusPage(reportOf(sources, now, ['hour', 'day', 'month']), history, now);
}
