import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What a test or a suite offers to clean up after itself. */
export interface Cleanup {
  after(fn: () => unknown): void;
}

/** A directory that web servers' users can read; removed at the end. */
export function place(t: Cleanup): string {
  const directory = mkdtempSync(join(tmpdir(), 'offload-rules-'));
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  return directory;
}

/** Writes a file with its directories; names are bytes as latin1. */
export function put(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const name = Buffer.from(path, 'latin1');
  writeFileSync(name, content);
  chmodSync(name, mode);
}

/** Polls until `probe` gives something true. */
export async function until<T>(probe: () => T | false | undefined | Promise<T | false | undefined>, what: string): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = await probe();
    if (found !== false && found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}

/** A port of 127.0.0.1 on which nobody listens, below those that the kernel gives out by itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** An answer as it came over the wire; header bytes as latin1. */
export interface Answer {
  readonly status: number;
  /** The fields of one name, in order. */
  readonly all: (name: string) => string[];
  readonly one: (name: string) => string | undefined;
  readonly body: Buffer;
  readonly head: string;
}

/** Sends a request byte for byte and reads what comes until the server closes. */
export function ask(port: number, target: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = [], version = '1.1', from } = options;
  const fields = ['Host: localhost', 'Connection: close', ...headers].map((field) => `${field}\r\n`).join('');
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) });
    socket.setTimeout(20_000, () => socket.destroy(new Error(`no answer to ${target}`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const answer = parseAnswer(Buffer.concat(chunks));
      if (answer) resolve(answer);
      else reject(new Error(`no HTTP answer to ${JSON.stringify(target)}: the server closed the connection`));
    });
    socket.write(`${method} ${target} HTTP/${version}\r\n${fields}\r\n`, 'latin1');
  });
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly version?: string;
  /** The client's own address. */
  readonly from?: string;
}

function parseAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, end).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (end < 0 || status === undefined) return undefined;
  const fields = head.split('\r\n').slice(1).map((line) => line.split(/:\s*(.*)/s));
  const all = (name: string): string[] =>
    fields.filter(([key]) => key?.toLowerCase() === name.toLowerCase()).map(([, value = '']) => value);
  return { status: Number(status), all, one: (name) => all(name)[0], body: bytes.subarray(end + 4), head };
}

const MODULES = process.env['APACHE_MODULES'] ?? '/usr/lib/apache2/modules';

/** Apache's own program, or undefined with the reason to skip. */
export const APACHE = ['/usr/sbin/apache2', '/usr/sbin/httpd'].find((path) => existsSync(path));
/** mod_php, if it is installed. */
export const PHP = [8.2, 8.3, 8.4].map((version) => `${MODULES}/libphp${version}.so`).find((path) => existsSync(path));

const LOADED = [
  'mpm_prefork', 'authz_core', 'authz_host', 'authz_user', 'authn_core', 'authn_file', 'auth_basic', 'access_compat',
  'mime', 'dir', 'alias', 'rewrite', 'headers', 'setenvif', 'env', 'negotiation', 'include', 'cgi', 'actions', 'asis',
  'userdir', 'autoindex', 'status',
];

/** A running Apache. */
export interface Apache {
  readonly port: number;
  readonly pid: number;
  readonly errorLog: () => string;
}

/**
 * Starts Apache in the foreground with `config` after the modules, and waits until it answers.
 * `PORT` in the configuration is the port it listens on.
 */
export async function startApache(t: Cleanup, directory: string, config: string, start = ''): Promise<Apache> {
  const port = await freePort();
  const log = join(directory, `error-${port}.log`);
  const php = PHP === undefined ? '' : `LoadModule php_module ${PHP}`;
  const file = join(directory, `httpd-${port}.conf`);
  const text = `ServerRoot "${directory}"
ServerName localhost
Listen 127.0.0.1:${port}
PidFile "${directory}/pid-${port}"
ErrorLog "${log}"
LogLevel warn
User www-data
Group www-data
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${php}
StartServers 2
MinSpareServers 1
MaxSpareServers 4
MaxRequestWorkers 8
TypesConfig /etc/mime.types
${config.replaceAll('PORT', String(port))}
${start}
`;
  writeFileSync(file, text, 'latin1');
  // Its own process group: on SIGTERM, prefork ends the whole group it is in.
  const child = spawn(APACHE ?? 'apache2', ['-f', file, '-DFOREGROUND'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  await ready(t, child, port, () => (existsSync(log) ? readFileSync(log, 'latin1') : ''));
  return { port, pid: child.pid ?? 0, errorLog: () => readFileSync(log, 'latin1') };
}

/** Waits until a server listens; ends it, and waits for its end, after the test. */
export async function ready(t: Cleanup, child: ChildProcess, port: number, log: () => string): Promise<void> {
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints += String(chunk)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended: ${complaints}${log()}`);
    return listens(port);
  }, `the server on port ${port}`);
}

function listens(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}
