import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Cleanup } from '../support/place.js';
import { launch, program, type WebServer } from '../support/servers/server.js';

/** Writes a file with its directories; names are bytes as latin1. */
export function put(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const name = Buffer.from(path, 'latin1');
  writeFileSync(name, content);
  chmodSync(name, mode);
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

const MODULES = '/usr/lib/apache2/modules';

/** mod_php, if it is installed. */
export const PHP = [8.2, 8.3, 8.4].map((version) => `${MODULES}/libphp${version}.so`).find((path) => existsSync(path));

const LOADED = [
  'mpm_prefork', 'authz_core', 'authz_host', 'authz_user', 'authn_core', 'authn_file', 'auth_basic', 'access_compat',
  'mime', 'dir', 'alias', 'rewrite', 'headers', 'setenvif', 'env', 'negotiation', 'include', 'cgi', 'actions', 'asis',
  'userdir', 'autoindex', 'status',
];

/** Starts Apache (prefork, for mod_php) with `config` after the modules. `PORT` in it is the port it listens on. */
export function startApache(t: Cleanup, dir: string, config: string): Promise<WebServer> {
  const file = join(dir, 'httpd.conf');
  return launch(t, {
    dir,
    command: (port) => {
      writeFileSync(file, configuration(dir, port, config), 'latin1');
      return [program('apache2'), '-f', file, '-DFOREGROUND'];
    },
  });
}

function configuration(dir: string, port: number, config: string): string {
  return `ServerRoot "${dir}"
DefaultRuntimeDir "${dir}"
Mutex "file:${dir}" default
ServerName localhost
Listen 127.0.0.1:${port}
PidFile "${dir}/apache.pid"
ErrorLog "${dir}/error.log"
LogLevel warn
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${PHP === undefined ? '' : `LoadModule php_module ${PHP}`}
StartServers 2
MinSpareServers 1
MaxSpareServers 4
MaxRequestWorkers 8
TypesConfig /etc/mime.types
${config.replaceAll('PORT', String(port))}
`;
}
