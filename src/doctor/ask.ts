import { request as httpRequest } from 'node:http';
import { connect } from '../base/connect.js';
import { Fields } from '../http/fields.js';
import type { Address, Origin } from '../settings/settings.js';

/** Where a question goes. */
export interface Server {
  readonly base: Origin;
  readonly baseAddress: Address | undefined;
}

export interface Question {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** So many bytes of the body are read; then the connection is closed. */
  readonly most?: number;
  /** Milliseconds, for all of it. */
  readonly timeout: number;
}

export interface Told {
  readonly status: number;
  readonly fields: Fields;
  /** The body, or its beginning, Latin-1. */
  readonly body: string;
  /** Whether all of the body came, and no less than was announced. */
  readonly whole: boolean;
}

/** Asks as a client does: the path goes out byte for byte. Rejects if no answer comes in time. */
export function ask(server: Server, path: string, { method = 'GET', headers = {}, most = 1024, timeout }: Question): Promise<Told> {
  return new Promise((resolve, reject) => {
    const question = httpRequest({
      createConnection: () => connect(server),
      method,
      path,
      headers: { Host: server.base.authority, 'User-Agent': 'offload check', Accept: '*/*', Connection: 'close', ...headers },
    });
    const clock = setTimeout(() => question.destroy(new Error(`no answer within ${timeout / 1000} s`)), timeout);
    question.on('error', (problem) => {
      clearTimeout(clock);
      reject(problem);
    });
    question.on('response', (message) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = (): void => {
        clearTimeout(clock);
        const fields = Fields.fromRaw(message.rawHeaders);
        resolve({ status: message.statusCode ?? 0, fields, body: Buffer.concat(chunks).toString('latin1'), whole: message.complete });
        message.destroy();
      };
      message.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= most) done();
      });
      message.on('end', done).on('error', done);
    });
    question.end();
  });
}
