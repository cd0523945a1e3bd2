import { appendEntry } from '../access-log/append.js';
import { fillEntry } from '../access-log/entry.js';
import { Base } from '../base/base.js';
import type { Version } from '../base/version.js';
import { StorageError } from '../cache/directory.js';
import { fill } from '../cache/fill.js';
import { Layout } from '../cache/layout.js';
import { Lock } from '../cache/lock.js';
import type { FillStarter } from '../cache/waiter.js';
import { stderrLog } from '../log.js';
import type { Settings } from '../settings/settings.js';
import { progress } from './title.js';

/**
 * The variable that makes this program a filler. Not an argument: a client can put those into a CGI's command line
 * (RFC 3875 §4.4), but no variable whose name doesn't begin with HTTP_.
 */
export const JOB_VARIABLE = 'OFFLOAD_FILL_JOB';

type FillerSettings = Pick<
  Settings,
  'base' | 'baseAddress' | 'timeout' | 'cacheDir' | 'cacheSize' | 'keepFree' | 'log' | 'logFormat' | 'debug'
>;

interface Job {
  readonly path: string;
  readonly version: Version;
  readonly until: number;
  readonly lock: Lock['ticket'];
  readonly settings: FillerSettings;
}

/**
 * Fills in a child in a session of its own: it lives on when the web server ends the client's process, and a slow client
 * cannot hold it back. Its standard streams are closed: a web server waits for all who hold a CGI's.
 */
export function detachedFiller(settings: Settings, script: string): FillStarter {
  const { base, baseAddress, timeout, cacheDir, cacheSize, keepFree, log, logFormat, debug } = settings;
  const needed: FillerSettings = { base, baseAddress, timeout, cacheDir, cacheSize, keepFree, log, logFormat, debug };
  return ({ path, version, until, lock }) => {
    const { spawn } = require('node:child_process') as typeof import('node:child_process');
    const job: Job = { path, 'version': version, until, lock: lock.ticket, 'settings': needed };
    const child = spawn(process.execPath, [script], {
      cwd: '/',
      detached: true,
      stdio: 'ignore',
      // The cache directory is where the program's compiled form is looked for (src/start.ts).
      env: { ...ofNode(process.env), OFFLOAD_CACHE_DIR: cacheDir, [JOB_VARIABLE]: JSON.stringify(job) },
    });
    child.on('error', () => {}); // said below: a child that did not start has no pid
    child.unref();
    if (child.pid === undefined) throw new StorageError(`no process can be started to fill the cache (${process.execPath} ${script})`);
    lock.assign(child.pid);
  };
}

/** What an operator tells Node: which certificates to trust, its options. Nothing else of the request's environment. */
function ofNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(?:NODE_|SSL_CERT_)/.test(name)));
}

/** The filler's own main: does one job and ends. */
export async function runFiller(text: string): Promise<void> {
  const job = JSON.parse(text) as Job;
  const { path, until, lock: ticket } = job;
  // In quotes: what the build makes short elsewhere.
  const version = job['version'];
  const settings = job['settings'];
  const onProgress = progress('fill', path, 0);
  onProgress(0, 1);
  const lock = await Lock.adopt(ticket);
  if (lock === undefined) return; // given up for dead before we started
  const log = stderrLog(settings.debug);
  const place = new Layout(settings.cacheDir).url(settings.base.href, path);
  const began = Date.now();
  const filled = await fill({ path, version, until, lock }, place, new Base(settings), settings, log, onProgress);
  appendEntry(fillEntry(path, began, filled), settings, log);
}
