import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { offloadCgi } from './build.js';
import { Fields } from './fields.js';
import { atEnd, type Cleanup } from './place.js';
import { killChildrenOf } from './processes.js';
import { Sink } from './sink.js';
import { PATIENCE, within } from './wait.js';

/** One CGI/1.1 request (RFC 3875). */
export interface CgiRequest {
  /** The raw request target; Latin-1, one character a byte; with its query, if any. */
  readonly url: string;
  readonly method?: string;
  /** The client's fields, Latin-1; they become HTTP_*. */
  readonly headers?: Readonly<Record<string, string>>;
  /** OFFLOAD_* of the environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Other variables, over those made by hand; undefined leaves one out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The script's command line, which a client can write to with its query (RFC 3875 §4.4). */
  readonly args?: readonly string[];
  /** The request's own body. */
  readonly body?: Buffer | string;
  /** Runs the copy named `nph-offload.cgi` and expects a whole HTTP response. */
  readonly nph?: boolean;
  /** Another script than the bundled one. */
  readonly script?: string;
  readonly cwd?: string;
  /** Run as this user and group (only root can). */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Sees each piece of the answer's body with its offset; what it throws makes `done` reject. */
  readonly check?: (chunk: Buffer, offset: number) => void;
}

/** The header that a script sent. */
export interface CgiHead {
  /** From `Status:` (200 without one), or from an NPH script's status line. */
  readonly status: number;
  readonly lines: readonly string[];
  readonly headers: Fields;
}

/** What a script did. */
export interface CgiResult extends CgiHead {
  readonly body: Buffer;
  readonly length: number;
  readonly sha256: string;
  /** True if the body is as long as Content-Length says, or none is said. Means nothing for HEAD and 304. */
  readonly complete: boolean;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The environment that a web server would give the script: nothing is inherited but PATH. */
export function cgiEnvironment(request: CgiRequest, script: string): Record<string, string> {
  const { url, method = 'GET', headers = {}, settings = {}, body } = request;
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const env: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_SOFTWARE: 'offload-test/1.0',
    SERVER_NAME: 'offload.test',
    SERVER_ADDR: '127.0.0.1',
    SERVER_PORT: '80',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '40000',
    REQUEST_METHOD: method,
    REQUEST_URI: url,
    QUERY_STRING: question < 0 ? '' : url.slice(question + 1),
    SCRIPT_NAME: '',
    SCRIPT_FILENAME: script,
    // A variable cannot hold a NUL: a server refuses such a URL, or loses it here.
    PATH_INFO: path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).replaceAll('\0', ''),
    HTTP_HOST: 'offload.test',
    ...(body === undefined ? {} : { CONTENT_LENGTH: String(Buffer.byteLength(body)) }),
  };
  for (const [name, value] of Object.entries(headers)) env[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = value;
  Object.assign(env, settings, request.env);
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const isAscii = (value: string): boolean => Buffer.byteLength(value) === value.length;

const octal = (value: string): string =>
  [...Buffer.from(value, 'latin1')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** Starts a script. Node writes an environment as UTF-8, so a shell sets the values with other bytes and becomes the script. */
function spawnScript(script: string, env: Record<string, string>, request: CgiRequest): ChildProcess {
  const raw = Object.entries(env).filter(([, value]) => !isAscii(value));
  const options = {
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => isAscii(value))),
    cwd: request.cwd ?? '/',
    stdio: [request.body === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] as ('ignore' | 'pipe')[],
    ...request.user,
  };
  const args = request.args ?? [];
  if (raw.length === 0) return spawn(script, args, options);
  // The x keeps a value's own line feeds at its end, which $() drops.
  const exports = raw.map(([name, value]) => `v=$(printf '${octal(value)}x'); export ${name}="\${v%x}"; `).join('');
  return spawn('/bin/sh', ['-c', `${exports}unset v; exec "$0" "$@"`, script, ...args], options);
}

/** A script that runs: its answer can be watched, paused, left. */
export class CgiProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The body so far. */
  readonly sink: Sink;
  /** What it has written to stderr so far. */
  stderr = '';
  /** Resolves with the header; rejects if the script ends without one. */
  readonly head: Promise<CgiHead>;
  /** Resolves when the script has ended and its standard streams are closed. Rejects if `check` threw. */
  readonly done: Promise<CgiResult>;
  readonly #stdout: Readable;

  constructor(script: string, request: CgiRequest) {
    this.sink = new Sink(request.check);
    const child = spawnScript(script, cgiEnvironment(request, script), request);
    child.on('error', (error) => (this.stderr += `${error.message}\n`));
    if (child.pid === undefined || child.stdout === null || child.stderr === null) throw new Error(`could not start ${script}`);
    this.child = child;
    this.pid = child.pid;
    this.#stdout = child.stdout;
    child.stdin?.on('error', () => undefined).end(request.body);
    child.stderr.setEncoding('latin1').on('data', (text: string) => (this.stderr += text));
    this.head = this.#readHead(request.nph ?? false);
    this.done = this.#finish();
    // Whoever wants to know awaits them; a test that only kills doesn't.
    this.head.catch(() => undefined);
    this.done.catch(() => undefined);
  }

  /** Resolves when so many bytes of the body have come. */
  async waitForBody(length: number, timeout?: number): Promise<void> {
    await this.sink.waitFor(length, timeout);
  }

  /** Stops reading: the pipe fills up, and the script must wait. */
  pause(): void {
    this.#stdout.pause();
  }

  resume(): void {
    this.#stdout.resume();
  }

  /** Closes our end of its stdout: what it writes from now on gives EPIPE. */
  closeStdout(): void {
    this.#stdout.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** What Apache does when a client leaves: SIGTERM, and nobody reads any more. */
  leave(): void {
    this.kill('SIGTERM');
    this.closeStdout();
  }

  #readHead(nph: boolean): Promise<CgiHead> {
    let pending = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      let head = true;
      this.#stdout.on('data', (chunk: Buffer) => {
        if (!head) {
          this.sink.push(chunk);
          return;
        }
        pending = Buffer.concat([pending, chunk]);
        const end = /\r?\n\r?\n/.exec(pending.toString('latin1'));
        if (end === null) return;
        head = false;
        try {
          resolve(parseHead(pending.toString('latin1', 0, end.index), nph));
        } catch (error) {
          reject(error);
        }
        const rest = pending.subarray(end.index + end[0].length);
        if (rest.length > 0) this.sink.push(rest);
      });
      this.#stdout.on('error', () => undefined);
      this.#stdout.once('close', () => this.sink.end());
      this.child.once('close', (code, signal) => {
        if (head) reject(new Error(`no header came: exit ${code ?? signal}; stdout ${JSON.stringify(pending.toString('latin1'))}; stderr: ${this.stderr}`));
      });
    });
  }

  async #finish(): Promise<CgiResult> {
    const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.child.once('close', (...end) => resolve(end));
    });
    const head = await this.head;
    const { sink, stderr } = this;
    if (sink.fault !== undefined) throw sink.fault;
    const promised = head.headers.get('Content-Length');
    return {
      ...head,
      // Kept only while it is small; asked for, a longer one says so.
      get body() {
        return sink.bytes;
      },
      length: sink.length,
      sha256: sink.sha256,
      complete: promised === undefined || Number(promised) === sink.length,
      stderr,
      exitCode,
      signal,
    };
  }
}

function parseHead(text: string, nph: boolean): CgiHead {
  const lines = text.split(/\r?\n/);
  if (!nph) {
    const headers = Fields.parse(lines);
    return { status: Number.parseInt(headers.get('Status') ?? '200', 10), lines, headers };
  }
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0] ?? '') ?? [];
  if (status === undefined) throw new Error(`an NPH script must begin with a status line, this one began: ${lines[0]}`);
  return { status: Number(status), lines, headers: Fields.parse(lines.slice(1)) };
}

/** Starts the bundled CGI (or another script) on one request; with a test context, it is killed with the test. */
export async function startCgi(request: CgiRequest, t?: Cleanup): Promise<CgiProcess> {
  const script = request.script ?? (await offloadCgi({ nph: request.nph ?? false }));
  const running = new CgiProcess(script, request);
  if (t !== undefined) atEnd(t, () => killWithGuard(running.child));
  return running;
}

/** Runs the bundled CGI (or another script) on one request, to its end. Throws after `timeout` milliseconds, and kills it. */
export async function runCgi({ timeout = PATIENCE * 2, ...request }: CgiRequest & { readonly timeout?: number }): Promise<CgiResult> {
  const running = await startCgi(request);
  try {
    return await within(running.done, () => `the end of the script on ${request.url}; ${running.sink.length} bytes came; stderr: ${running.stderr}`, timeout);
  } finally {
    killWithGuard(running.child);
  }
}

/** A script's guard would hold its standard output, and so this process, for another 330 s. */
function killWithGuard(script: ChildProcess): void {
  if (script.pid !== undefined && script.exitCode === null && script.signalCode === null) killChildrenOf(script.pid);
  script.kill('SIGKILL');
}
