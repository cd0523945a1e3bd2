/**
 * Writes an access log to measure `offload status` with: `node --import tsx bench/make-log.ts FILE LINES [DAYS]`, the last line
 * of now. 5,000 files of a Zipf-like popularity, one in fifty downloads a miss.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { formatLine } from '../src/access-log/line.js';

const [file = 'access.log', count = '1000', days = '30'] = process.argv.slice(2);
const lines = Number(count);
const now = Date.now();
const span = Number(days) * 86_400_000;
const agents = ['curl/8.5.0', 'Wget/1.21.3', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Debian APT-HTTP/1.3 (2.6.1)'];

// A seed of its own: the same log each time.
let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

function entry(i: number): string {
  // More by day than by night.
  const time = now - span + (i / lines) * span;
  const number = Math.floor(5000 ** random());
  const size = 1000 + (Math.imul(number, 2_654_435_761) >>> 0) % 40_000_000;
  const miss = random() < 0.02;
  const shared = { time, url: `/pub/release-${number}/image-${number}.iso`, protocol: 'HTTP/1.1', ms: 120, pulled: 0 } as const;
  if (miss && random() < 0.9) return formatLine({ ...shared, method: 'FILL', status: 200, bytes: 0, pulled: size, cache: 'fill' }, 'combined');
  const agent = agents[i % agents.length];
  if (random() < 0.01) return formatLine({ ...shared, host: '192.0.2.7', method: 'GET', status: random() < 0.9 ? 404 : 502, bytes: 20, cache: '-', sent: 'all', agent }, 'combined');
  return formatLine({ ...shared, host: `192.0.2.${i % 250}`, method: 'GET', status: 200, bytes: size, cache: miss ? 'miss' : 'hit', sent: 'all', agent }, 'combined');
}

const fd = openSync(file, 'w');
for (let i = 1; i <= lines; ) {
  let block = '';
  for (let n = 0; n < 10_000 && i <= lines; n++, i++) block += entry(i);
  writeSync(fd, block, null, 'latin1');
}
closeSync(fd);
