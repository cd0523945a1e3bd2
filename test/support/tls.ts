import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { once } from 'node:events';
import { atEnd, type Cleanup, freePort, tempDir } from './place.js';

export interface TlsFront {
  readonly port: number;
  /** A file with the certificate that a client must trust. */
  readonly ca: string;
  /** Server names that clients asked for (SNI), in the order of arrival; false: none. */
  readonly names: (string | false | null)[];
}

/** Who signs certificates: its own certificate and key, as files. */
export interface Authority {
  readonly cert: string;
  readonly key: string;
}

interface TlsOptions {
  /** Default: the certificate is signed by itself. */
  readonly by?: Authority;
  /** How long the certificate holds, from now on; -1: it has ended. Only with `by`. */
  readonly days?: number;
  /** Whom it is for, if not `DNS:name`. */
  readonly subject?: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** `x509 -req` for so long. OpenSSL 3.5 refuses an end before the beginning, and can name both; 3.0 can do neither. */
function holding(days: number): string[] {
  if (days >= 0 || !knowsDates()) return ['-days', String(days)];
  return ['-not_before', '20200101000000Z', '-not_after', '20200102000000Z'];
}

function knowsDates(): boolean {
  const { stderr, stdout } = spawnSync('openssl', ['x509', '-help'], { encoding: 'utf8' });
  return `${stdout}${stderr}`.includes('-not_before');
}

/** A certificate authority made for this test. */
export function makeAuthority(t: Cleanup): Authority {
  const dir = tempDir(t);
  const made = { cert: join(dir, 'ca.pem'), key: join(dir, 'ca.key') };
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=Test CA', '-keyout', made.key, '-out', made.cert);
  return made;
}

/** TLS before a plain server on a port of 127.0.0.1, with a fresh certificate for `name`. */
export async function startTls(t: Cleanup, name: string, to: number, { by, days = 2, subject = `DNS:${name}` }: TlsOptions = {}): Promise<TlsFront> {
  const dir = tempDir(t);
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const request = ['req', ...NEW_KEY, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`, '-keyout', key, '-out', cert];
  if (by === undefined) openssl(...request, '-x509', '-days', '2');
  else {
    openssl(...request);
    openssl('x509', '-req', '-in', cert, '-CA', by.cert, '-CAkey', by.key, '-CAcreateserial', ...holding(days), '-copy_extensions', 'copy', '-out', cert);
  }
  const names: TlsFront['names'] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    names.push(socket.servername);
    const plain = connect(to, '127.0.0.1');
    socket.pipe(plain).pipe(socket);
    socket.on('error', () => plain.destroy()).on('close', () => plain.destroy());
    plain.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', () => undefined);
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  return { port, ca: by?.cert ?? cert, names };
}
