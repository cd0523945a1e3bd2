import { execFileSync } from 'node:child_process';
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

/** TLS before a plain server on a port of 127.0.0.1, with a fresh certificate for `name`. */
export async function startTls(t: Cleanup, name: string, to: number): Promise<TlsFront> {
  const dir = tempDir(t);
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...options, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert], { stdio: 'pipe' });
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
  return { port, ca: cert, names };
}
