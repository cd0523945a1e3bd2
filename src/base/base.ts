import type { IncomingMessage, RequestOptions } from 'node:http';
import { Fields } from '../http/fields.js';
import type { Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { connect, connector } from './connect.js';
import type { KeptHeads } from './kept-heads.js';
import { plainHead } from './plain-head.js';

/** The header of an answer. */
export interface Answer {
  readonly status: number;
  readonly fields: Fields;
}

/** An answer whose body is still to be read, or to be dropped by `close`. */
export interface BodyAnswer extends Answer {
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

interface Asked extends BodyAnswer {
  /** Reads the rest, and keeps the connection. */
  drop(): void;
}

type Method = 'HEAD' | 'GET';

/** Which part of the body is wanted, and of which representation only (an If-Range validator). */
export interface Part {
  readonly start: number;
  readonly end?: number;
  readonly ifRange: string;
}

/** The base could not be asked, or what it said is no HTTP; `silent` means it took longer than OffloadTimeout. */
export class BaseError extends Error {
  constructor(
    message: string,
    readonly silent: boolean,
  ) {
    super(message);
  }
}

/** It may only be that the base has ended a kept connection while we asked: that is no trouble of the base. */
class KeptConnectionFailed extends BaseError {}

type BaseSettings = Pick<Settings, 'base' | 'baseAddress' | 'timeout'>;

/** The base server, asked over HTTP/1.1. No field of a client ever goes to it. */
export class Base {
  readonly #connect;

  /** With `kept` connections are kept, for GETs too. */
  constructor(
    private readonly settings: BaseSettings,
    private readonly kept?: KeptHeads,
  ) {
    this.#connect = connector(settings, kept !== undefined);
  }

  /** What `path` is now. A base that doesn't do HEAD is asked with a GET that ends after its header. */
  async head(path: string): Promise<Answer> {
    const head = (await this.#plainHead(path)) ?? (await this.#headByHttp(path));
    if (head.status !== 405 && head.status !== 501) return head;
    const get = await this.#ask('GET', path);
    get.close();
    return get;
  }

  get(path: string, part?: Part): Promise<BodyAnswer> {
    return this.#ask('GET', path, part);
  }

  /** The short way. @throws BaseError */
  async #plainHead(path: string): Promise<Answer | undefined> {
    const { base, timeout } = this.settings;
    const fields = requestFields(base.authority, undefined);
    const tooLate = () => new BaseError(tooSlow(base.href, 'HEAD', timeout), true);
    try {
      if (this.kept !== undefined) return await this.kept.ask(path, fields, timeout, tooLate);
      return await plainHead((onread) => connect(this.settings, onread), path, fields, timeout, tooLate);
    } catch (error) {
      throw error instanceof BaseError ? error : new BaseError(`base ${base.href}: HEAD failed: ${describe(error)}`, false);
    }
  }

  async #headByHttp(path: string): Promise<Answer> {
    const head = await this.#ask('HEAD', path);
    head.drop();
    return head;
  }

  /** On a kept connection, or else on a new one (RFC 9112 §9.3.1). Resolves when the header is there. @throws BaseError */
  async #ask(method: Method, path: string, part?: Part): Promise<Asked> {
    try {
      return await this.#askOn(this.#connect(), method, path, part);
    } catch (error) {
      if (!(error instanceof KeptConnectionFailed)) throw error;
      return this.#askOn(connector(this.settings, false)(), method, path, part);
    }
  }

  #askOn(connection: RequestOptions, method: Method, path: string, part?: Part): Promise<Asked> {
    const { base, timeout } = this.settings;
    const http = require('node:http') as typeof import('node:http');
    return new Promise((resolve, reject) => {
      const request = http.request({ ...connection, method, path, headers: requestFields(base.authority, part) });
      const failed = (why: string) => {
        const message = `base ${base.href}: ${method} ${why}`;
        reject(request.reusedSocket ? new KeptConnectionFailed(message, false) : new BaseError(message, false));
      };
      let answered = false;
      const timer = setTimeout(() => {
        reject(new BaseError(tooSlow(base.href, method, timeout), true));
        request.destroy();
      }, timeout);
      request.on('error', (error) => {
        clearTimeout(timer);
        failed(`failed: ${describe(error)}`);
      });
      // A 101 that nobody asked for is neither an answer nor an error to node:http.
      request.on('close', () => {
        // Errors are dear: not one for each answer.
        if (answered) return;
        clearTimeout(timer);
        failed('got no answer');
      });
      request.on('response', (message) => {
        answered = true;
        clearTimeout(timer);
        resolve(bodyAnswer(message, timeout, base.href));
      });
      request.end();
    });
  }
}

function tooSlow(base: string, method: string, timeout: number): string {
  return `base ${base}: no answer to ${method} within ${timeout} ms`;
}

function requestFields(host: string, part: Part | undefined): string[] {
  const fields = ['Host', host, 'User-Agent', `offload/${VERSION}`, 'Accept', '*/*', 'Accept-Encoding', 'identity'];
  fields.push('X-Mod-Offload-Bypass', 'true', 'Via', '1.1 offload');
  if (part !== undefined) fields.push('Range', `bytes=${part.start}-${part.end ?? ''}`, 'If-Range', part.ifRange);
  return fields;
}

function bodyAnswer(message: IncomingMessage, timeout: number, base: string): Asked {
  const silence = () => message.destroy(new BaseError(`base ${base}: body stood still for ${timeout} ms`, true));
  message.on('error', () => {}); // whoever reads the body gets it from the iterator
  return {
    status: message.statusCode ?? 0,
    fields: Fields.fromRaw(message.rawHeaders),
    body: watched(message, timeout, silence),
    close: () => message.destroy(),
    drop: () => message.resume(),
  };
}

/** The message's chunks; `onSilence` is called when the base, not the reader, lets `timeout` pass. @throws BaseError */
async function* watched(message: IncomingMessage, timeout: number, onSilence: () => void): AsyncGenerator<Buffer> {
  const chunks = message[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(onSilence, timeout);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      yield next.value as Buffer;
    }
  } catch (error) {
    throw error instanceof BaseError ? error : new BaseError(`base: body cut short: ${describe(error)}`, false);
  } finally {
    message.destroy();
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with one error for each.
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error.message;
}
