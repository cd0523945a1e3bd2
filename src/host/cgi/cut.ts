import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Log } from '../../log.js';
import { statIfThere } from '../../stat.js';

/** A web server ends a script that has been silent for its Timeout: Apache's default is 60 s, Debian's 300 s. In seconds. */
const LONGEST_TIMEOUT = 330;
/** A web server passes a script's first bytes on within this time, in milliseconds. */
const HEADER_PASSES = 250;
/** The operator is told this often, in milliseconds. */
const REMIND_EVERY = 3_600_000;

type Environment = { readonly [name: string]: string | undefined };

/**
 * Why this web server would make a body that breaks off look whole, and the remedy; undefined if it wouldn't.
 * Apache since 2.4.59 drops a script's Content-Length (CVE-2024-24795) unless told to trust it, and answers in chunks: a
 * script that dies half-way then ends them well. An `nph-` script keeps its length, but where a rule of .htaccess led to
 * it, Apache 2.4.71 writes a header of its own after it, and a client takes that for the file's next bytes.
 */
export function hidesCuts(env: Environment, nph: boolean): string | undefined {
  if (nph ? env['REDIRECT_STATUS'] === undefined : env['ap_trust_cgilike_cl'] !== undefined) return undefined;
  const version = /^Apache(?:\/(\d+)\.(\d+)\.(\d+))?/.exec(env['SERVER_SOFTWARE'] ?? '');
  if (version === null) return undefined;
  if (nph) return NPH_REDIRECTED;
  const [major, minor, patch] = version.slice(1).map(Number) as [number, number, number];
  // ServerTokens may hide the version.
  return Number.isNaN(major) || major * 10_000 + minor * 100 + patch >= 20_459 ? LENGTH_DROPPED : undefined;
}

const REMEDY = '"SetEnv ap_trust_cgilike_cl 1" in the virtual host or in .htaccess';
const LENGTH_DROPPED = `this Apache drops the Content-Length of scripts: clients can't tell where a download was cut. Remedy: ${REMEDY}`;
const NPH_REDIRECTED = `Apache adds a header to the answer of an nph- script that .htaccess led to. Remedy: name it offload.cgi, and ${REMEDY}`;

/** Tells the operator, but not with every request. */
export function remind(cacheDir: string, what: string, log: Log): void {
  const marker = `${cacheDir}/warned-content-length`;
  try {
    const last = statIfThere(marker)?.mtimeMs ?? 0;
    if (Math.abs(Date.now() - last) < REMIND_EVERY) return;
    writeFileSync(marker, '', { mode: 0o600 });
  } catch {
    // No cache directory: then with every request.
  }
  log.warn(what);
}

/**
 * Holds standard output open when this process is killed, so that the web server runs into its Timeout and cuts the
 * client's connection, instead of ending a body that isn't whole.
 */
export class Guard {
  #shell: ChildProcess | undefined;

  start(): void {
    const { spawn } = require('node:child_process') as typeof import('node:child_process');
    const script = `read -r word || exec sleep ${LONGEST_TIMEOUT}`;
    this.#shell = spawn('/bin/sh', ['-c', script], { cwd: '/', env: {}, stdio: ['pipe', 1, 'ignore'] });
    this.#shell.on('error', () => {}); // without it we are no worse than any other script
    this.#shell.stdin?.on('error', () => {});
  }

  /** The body is whole: the web server may know. */
  release(): Promise<void> {
    return new Promise((resolve) => {
      const { stdin } = this.#shell ?? {};
      if (stdin === undefined || stdin === null) resolve();
      else stdin.end('whole\n', () => resolve());
    });
  }
}

/**
 * Before a body that broke off is ended: a web server that hasn't passed on anything yet would count what there is and
 * announce that as the length (seen with Apache 2.4.71, up to some milliseconds after the last write).
 */
export function letHeaderPass(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, HEADER_PASSES);
  });
}

/** The body broke off: silence, until the web server gives up on us and cuts the connection. */
export function holdUntilCut(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LONGEST_TIMEOUT * 1000);
  });
}
