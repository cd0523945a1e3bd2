import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** What a figure was taken on; without it, it is worth nothing. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${memory} GB, ${system()}, Node ${process.version}`;
}

function system(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

/** The load of others, as it was before we began: more than a quarter of a core is a busy machine. */
export function busyness(): string {
  const [one = 0] = loadavg();
  const busy = one > cpus().length * 0.25;
  return `load average ${loadavg().map((n) => n.toFixed(1)).join(' ')} before the run${busy ? ': A BUSY MACHINE, figures are only a hint' : ''}`;
}
