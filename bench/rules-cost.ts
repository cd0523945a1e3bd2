// What a redirect costs the base: CPU per request, as a multiple of serving the same 10 KB file: by an Apache without
// any rules, and by the same Apache to a client with the bypass header (which shows what .htaccess costs by itself).
//   node --import tsx bench/rules-cost.ts [ROUNDS]
// All variants take turns in each round, so that a noisy machine disturbs them alike; medians over the rounds.
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { written } from '../test/rules/commands.js';
import { put } from '../test/rules/support.js';
import { startApache } from '../test/support/servers/apache.js';
import { serverDir, type WebServer } from '../test/support/servers/server.js';

const REQUESTS = 6000;
const CONNECTIONS = 8;
const TICKS_PER_SECOND = 100;
const FILES = 200;
const ALLOWED = 1.3;

interface Variant {
  readonly name: string;
  readonly args: readonly string[];
  readonly hosts: number;
}

const VARIANTS: readonly Variant[] = [3, 256].flatMap((hosts) => [
  { name: `apache, ${hosts} hosts`, args: ['--server', 'apache'], hosts },
  { name: `apache --map, ${hosts} hosts`, args: ['--server', 'apache', '--map', 'PLACE/hosts.map'], hosts },
  { name: `apache-alias, ${hosts} hosts`, args: ['--server', 'apache-alias'], hosts },
  ...(hosts === 3 ? [{ name: `htaccess, ${hosts} hosts`, args: ['--server', 'htaccess'], hosts }] : []),
  { name: `htaccess --map, ${hosts} hosts`, args: ['--server', 'htaccess', '--map', 'PLACE/hosts.map'], hosts },
]);

const endings: (() => unknown)[] = [];
const cleanup = { after: (fn: () => unknown): void => void endings.unshift(fn) };

/** An Apache with the rules of a variant, or with none: the yardstick. `AllowOverride None` unless .htaccess is the point. */
async function start(variant: Variant | undefined): Promise<WebServer> {
  const dir = serverDir(cleanup);
  const directives = [
    'OffloadEngine On',
    ...Array.from({ length: variant?.hosts ?? 0 }, (_, index) => `OffloadHost offload${index}.example address=192.0.2.${index}`),
    'OffloadExcludeMimeType text/html',
    'OffloadExcludeUserAgent *googlebot*',
  ].join('\n');
  const args = (variant?.args ?? []).map((each) => each.replace('PLACE', dir));
  const text = variant ? await written(args, directives) : '';
  const inHtaccess = args.includes('htaccess');
  for (let file = 0; file < FILES; file++) put(join(dir, `htdocs/file${file}.bin`), Buffer.alloc(10_240, 'x'));
  if (inHtaccess) put(join(dir, 'htdocs/.htaccess'), text);
  const map = inHtaccess && args.includes('--map') ? `RewriteMap offload-hosts "txt:${dir}/hosts.map"\n` : '';
  const override = inHtaccess ? '' : `<Directory "${dir}">\nAllowOverride None\n</Directory>\n`;
  return startApache(cleanup, { dir, config: () => `${override}${map}${inHtaccess ? '' : text}` });
}

/** CPU ticks of a process and its children, the ended ones too. */
function ticks(pid: number): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap(statOf);
  const own = processes.filter((each) => each.pid === pid || each.parent === pid);
  return own.reduce((sum, each) => sum + each.ticks, 0);
}

function statOf(name: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    const sum = [11, 12, 13, 14].reduce((total, at) => total + (fields[at] ?? 0), 0);
    return [{ pid: Number(name), parent: fields[1] ?? 0, ticks: sum }];
  } catch {
    return []; // it ended meanwhile
  }
}

/** Asks for every file in turn over a few connections; returns CPU microseconds of the server per request. */
async function measure(server: WebServer, status: 200 | 307): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const before = ticks(server.pid);
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < REQUESTS) await once(agent, server.port, `/file${next++ % FILES}.bin`, status);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
  return ((ticks(server.pid) - before) / TICKS_PER_SECOND / REQUESTS) * 1e6;
}

function once(agent: Agent, port: number, path: string, status: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = status === 200 ? { 'X-Mod-Offload-Bypass': 'true' } : {};
    request({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
      if (answer.statusCode !== status) reject(new Error(`${path}: ${answer.statusCode} instead of ${status}`));
      answer.on('end', resolve).on('error', reject).resume();
    })
      .on('error', reject)
      .end();
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function ratio(value: number): string {
  return `${value.toFixed(2)} x`.padStart(10);
}

async function main(rounds: number): Promise<number> {
  const plain = await start(undefined);
  const servers = await Promise.all(VARIANTS.map(start));
  const own: number[] = [];
  const costs = VARIANTS.map((): number[] => []);
  const served = VARIANTS.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    own.push(await measure(plain, 200));
    for (const [index, server] of servers.entries()) {
      costs[index]?.push(await measure(server, 307));
      served[index]?.push(await measure(server, 200));
    }
  }
  const yardstick = median(own);
  console.log(`10 KB file served: ${yardstick.toFixed(0)} µs CPU per request (median of ${rounds} rounds of ${REQUESTS} requests)`);
  console.log(`${'µs CPU per request'.padEnd(28)} redirect  / no rules  same file / same Apache`);
  let worst = 0;
  for (const [index, { name }] of VARIANTS.entries()) {
    const [cost, same] = [median(costs[index] ?? []), median(served[index] ?? [])];
    worst = Math.max(worst, cost / same);
    const columns = [cost.toFixed(0).padStart(8), ratio(cost / yardstick), same.toFixed(0).padStart(10), ratio(cost / same)];
    console.log(`${name.padEnd(28)} ${columns.join('  ')}`);
  }
  return worst <= ALLOWED ? 0 : 1;
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main(Number(process.argv[2] ?? 7));
  } finally {
    for (const end of endings) await end();
  }
}

void run();
