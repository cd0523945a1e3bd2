import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { lstatSync, unlinkSync } from 'node:fs';
import { type Entry, entryOf, fillEntry, type Sent, type Tally } from '../../access-log/entry.js';
import { Base } from '../../base/base.js';
import { KeptHeads } from '../../base/kept-heads.js';
import { fill } from '../../cache/fill.js';
import { Layout } from '../../cache/layout.js';
import type { FillJob } from '../../cache/waiter.js';
import { codeOf } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import { type Reply, textReply } from '../../gateway/reply.js';
import type { Request } from '../../gateway/request.js';
import type { Log } from '../../log.js';
import type { Listen, Settings } from '../../settings/settings.js';
import { busyReply, faultReply } from '../fault.js';
import { openGateway } from '../open-gateway.js';
import { AccessLog } from './access-log.js';
import { toProxy } from './handoff.js';
import { mostRequests } from './limits.js';
import { serveRequest } from './request.js';
import { ClientLeft } from './outflow.js';
import { OwnPages } from './own-pages.js';
import { sendReply } from './response.js';

/** One request that was answered, for a log line. */
export interface Served {
  readonly message: IncomingMessage;
  readonly status: number;
  /** The value of Cache-Status. */
  readonly cacheStatus: string;
  /** Of the body. */
  readonly bytes: number;
  readonly milliseconds: number;
  /** The whole reply went out. */
  readonly complete: boolean;
}

/** A client's header must be there within this time, in milliseconds. */
const HEADER_TIMEOUT = 30_000;

/** The built-in HTTP server: the same gateway as the CGI's, in one process, for users without a web server. */
export class Serving {
  readonly #server: Server;
  readonly #gateway: Gateway;
  readonly #fills = new Set<Promise<void>>();
  readonly #accessLog: AccessLog | undefined;
  readonly #pages: OwnPages;
  readonly #most = mostRequests();
  #running = 0;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
    private readonly onServed: (served: Served) => void = () => {},
  ) {
    const base = new Base(settings, new KeptHeads(settings));
    this.#pages = new OwnPages(settings, log);
    if (settings.log !== undefined) this.#accessLog = new AccessLog(settings.log, settings.logFormat, log);
    this.#gateway = openGateway(settings, base, log, (job) => this.#fill(job, base));
    this.#server = createServer({ headersTimeout: HEADER_TIMEOUT, requestTimeout: HEADER_TIMEOUT }, (message, response) => {
      void this.#serve(message, response);
    });
    // Those who send nothing, or are being told to come back.
    this.#server.maxConnections = 2 * this.#most;
    // A client that says it is done sending still wants its answer (node:http would drop it).
    Object.assign(this.#server, { httpAllowHalfOpen: true });
  }

  /** Resolves with the address when connections are taken. Rejects if the address can't be had. */
  async listen(listen: Listen = this.settings.listen): Promise<string> {
    if ('path' in listen) await removeDeadSocket(listen.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen('path' in listen ? listen : { port: listen.port, host: listen.host || undefined }, resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** Takes no new connection; resolves when what runs is done: answers, and fills. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    await closed;
    await Promise.all(this.#fills);
    this.#accessLog?.close();
  }

  /** Answers on their way. */
  get running(): number {
    return this.#running;
  }

  #fill(job: FillJob, base: Base): void {
    const place = new Layout(this.settings.cacheDir).url(this.settings.base.href, job.path);
    const began = Date.now();
    const running = fill(job, place, base, this.settings, this.log).then((filled) => {
      this.#fills.delete(running);
      this.#write(fillEntry(job.path, began, filled));
    });
    this.#fills.add(running);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const request = serveRequest(message);
    const page = this.#pages.answer(request, message.httpVersion, { requests: this.#running, fills: this.#fills.size });
    if (page !== undefined) return this.#sendPage(await page, message, response);
    const reply = this.#running++ < this.#most ? await this.#reply(message, request) : this.#busy(response);
    const sending = toProxy(this.settings, request, reply);
    const tally = { bytes: 0, pulled: 0 };
    let sent: Sent = sending === reply ? 'all' : 'handed';
    try {
      await sendReply(sending, response, tally);
    } catch (error) {
      sent = error instanceof ClientLeft ? 'left' : 'cut';
      if (sent === 'cut') this.log.warn(`${message.url ?? ''}: ${String(error)}`);
      // Cut, so that no client takes a part for the whole.
      response.destroy();
    } finally {
      this.#running--;
      reply.close();
      this.#note(message, request, reply, tally, performance.now() - began, sent);
    }
  }

  /** Neither logged nor counted: a program asks for one several times a minute. */
  async #sendPage(page: Reply, message: IncomingMessage, response: ServerResponse): Promise<void> {
    message.resume();
    try {
      await sendReply(page, response, { bytes: 0, pulled: 0 });
    } catch {
      response.destroy();
    }
  }

  #note(message: IncomingMessage, request: Request, reply: Reply, tally: Tally, milliseconds: number, sent: Sent): void {
    const cacheStatus = reply.fields.find(([name]) => name === 'Cache-Status')?.[1] ?? '';
    this.onServed({ message, status: reply.status, cacheStatus, bytes: tally.bytes, milliseconds, complete: sent === 'all' || sent === 'handed' });
    const ms = Math.round(milliseconds);
    const measured = { time: Date.now() - ms, ms, protocol: `HTTP/${message.httpVersion}`, sent };
    this.#write(entryOf(request, reply, tally, this.settings.trustedProxy, measured));
  }

  #write(entry: Entry): void {
    this.#pages.note(entry);
    this.#accessLog?.write(entry);
  }

  #busy(response: ServerResponse): Reply {
    // Its connection is what there is too much of.
    response.shouldKeepAlive = false;
    return busyReply();
  }

  async #reply(message: IncomingMessage, request: Request): Promise<Reply> {
    message.resume(); // a body means nothing with GET
    const hosts = message.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
    // RFC 9112 §3.2: two Host fields are a way to smuggle.
    if (hosts > 1) return textReply(400, 'The request has more than one Host field.');
    try {
      return await this.#gateway.answer(request);
    } catch (error) {
      return faultReply(error, this.log);
    }
  }
}

/** What a killed server left in the file system would keep the next one from listening. */
async function removeDeadSocket(path: string): Promise<void> {
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
  // A file that is no socket refuses connections, too.
  if (!answers && lstatSync(path).isSocket()) unlinkSync(path);
}
