import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offloadCgi } from './build.js';
import { atEnd, type Cleanup } from './place.js';
import { waitUntil } from './wait.js';

/**
 * As good as another machine: a host name, processes and a boot of its own (UTS, PID and mount namespaces). The network
 * and the files are this machine's.
 */
export interface Host {
  readonly name: string;
  /** The bundled script, as this host runs it. */
  readonly script: string;
  /** All its processes end at once. */
  powerCut(): Promise<void>;
}

const UNSHARE = ['--uts', '--pid', '--fork', '--kill-child', '--mount', '--mount-proc'];

/** For a test's `skip`: only root can have namespaces. */
export function lackingNamespaces(): string | false {
  try {
    execFileSync('unshare', [...UNSHARE, 'true'], { stdio: 'pipe' });
    return false;
  } catch (error) {
    return `no namespaces can be had here (needs root, and Debian's util-linux): ${String(error)}`;
  }
}

/** Boots a host; with the test it is switched off. */
export async function startHost(t: Cleanup, dir: string, name: string): Promise<Host> {
  const boot = join(dir, `${name}.boot_id`);
  const ready = join(dir, `${name}.${randomUUID()}.pid`);
  writeFileSync(boot, `${randomUUID()}\n`);
  writeFileSync(ready, '');
  const init = `hostname ${name} && mount --bind ${boot} /proc/sys/kernel/random/boot_id && echo up > ${ready} && exec sleep 600`;
  const child = spawn('unshare', [...UNSHARE, '/bin/sh', '-c', init], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const powerCut = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  atEnd(t, powerCut);
  await waitUntil(() => readFileSync(ready, 'latin1') !== '', { what: `host ${name} to be up` });
  // The first process of the namespace, as this machine numbers it.
  const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim();
  const script = join(dir, `${name}.cgi`);
  const enter = `exec nsenter --target ${pid} --uts --pid --mount ${process.execPath} ${await offloadCgi()}`;
  writeFileSync(script, `#!/bin/sh\n${enter}\n`, { mode: 0o755 });
  return { name, script, powerCut };
}
