import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const WRK = '/usr/bin/wrk';

export interface Load {
  readonly requests: number;
  readonly seconds: number;
}

export function lackingWrk(): string | false {
  return existsSync(WRK) ? false : "needs Debian's wrk";
}

/** Asks for one URL over `connections` kept ones for some seconds. @throws if any answer was not 2xx, or none came */
export async function wrk(url: string, connections: number, seconds: number): Promise<Load> {
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s', url];
  const { stdout } = await promisify(execFile)(WRK, args);
  const [, requests, time, unit] = /(\d+) requests in ([\d.]+)(s|m)/.exec(stdout) ?? [];
  const bad = /^ *(?:Non-2xx|Socket errors).*$/m.exec(stdout)?.[0];
  if (bad !== undefined || requests === undefined || requests === '0') throw new Error(`wrk ${url}: ${bad ?? 'no answer'}\n${stdout}`);
  return { requests: Number(requests), seconds: Number(time) * (unit === 'm' ? 60 : 1) };
}
