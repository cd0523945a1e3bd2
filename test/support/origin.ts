import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { answerTo, etagOf, LAST_MODIFIED } from './origin/answer.js';
import { behaviourFor, type FileSpec } from './origin/behaviour.js';
import { Connection, resetSocket, send } from './origin/connection.js';
import { Gate } from './origin/gate.js';
import { RateLimit } from './origin/rate.js';
import { SeenRequest } from './origin/request.js';
import { atEnd, freePort, type Cleanup } from './place.js';
import { PATIENCE, waitUntil, within } from './wait.js';

export { Gate, SeenRequest, etagOf, LAST_MODIFIED };
export type { Behaviour, Body, FileSpec } from './origin/behaviour.js';
export type { Outcome } from './origin/request.js';

interface OriginOptions {
  /** Bytes per second, over all connections together. */
  readonly rate?: number;
}

/**
 * A base server that does what the test says: right by default, wrong on demand.
 * It listens on 127.0.0.1 and speaks HTTP/1.1 over a bare socket.
 */
export class Origin {
  readonly port: number;
  /** Every request, in the order of arrival. */
  readonly requests: SeenRequest[] = [];
  /** Answers nobody, on any path, while true; requests that came meanwhile stay unanswered. */
  silent = false;
  /** Answers at paths that no `file` names, instead of 404. */
  fallback: ((request: SeenRequest) => FileSpec | undefined) | undefined;
  readonly #rate: RateLimit;
  readonly #files = new Map<string, FileSpec>();
  readonly #connections = new Set<Socket>();
  readonly #watchers = new Set<() => void>();
  #server: Server | undefined;
  #accepted = 0;

  constructor(port: number, options: OriginOptions) {
    this.port = port;
    this.#rate = new RateLimit(options.rate);
  }

  /** What goes into `Host`. */
  get authority(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Without a slash at the end. */
  get url(): string {
    return `http://${this.authority}`;
  }

  /** Bytes per second, over all connections together; Infinity: no limit. May change at any time. */
  get rate(): number {
    return this.#rate.bytesPerSecond;
  }

  set rate(bytesPerSecond: number) {
    this.#rate.bytesPerSecond = bytesPerSecond;
  }

  /** Answers at a path (raw, Latin-1) from now on. Answers on their way keep the old bytes. */
  file(path: string, spec: FileSpec): void {
    this.#files.set(path, spec);
  }

  /** Changes what is said about a path; the rest of its spec stays. */
  replace(path: string, change: Partial<FileSpec>): void {
    const old = this.#files.get(path);
    if (old === undefined) throw new Error(`origin: replace ${path}: no such file`);
    this.#files.set(path, { ...old, ...change });
  }

  /** From now on 404. */
  remove(path: string): void {
    this.#files.delete(path);
  }

  /** Requests so far; of one method, of one path. */
  count(method?: string, path?: string): number {
    return this.requests.filter((r) => (method === undefined || r.method === method) && (path === undefined || r.path === path)).length;
  }

  /** The newest request of a method and path. Throws if there is none. */
  last(method: string, path: string): SeenRequest {
    const found = this.requests.findLast((r) => r.method === method && r.path === path);
    if (found === undefined) throw new Error(`origin: no ${method} ${path} yet. ${this.#log()}`);
    return found;
  }

  /** Resolves with the first request, past or coming, for which `predicate` is true; asked again at every byte. */
  async waitFor(predicate: (request: SeenRequest) => boolean, timeout = PATIENCE): Promise<SeenRequest> {
    let watch: (() => void) | undefined;
    const found = new Promise<SeenRequest>((resolve) => {
      watch = () => {
        const request = this.requests.find(predicate);
        if (request !== undefined) resolve(request);
      };
      this.#watchers.add(watch);
      watch();
    });
    try {
      return await within(found, () => `a request at the origin for which ${predicate.toString()}. ${this.#log()}`, timeout);
    } finally {
      if (watch !== undefined) this.#watchers.delete(watch);
    }
  }

  /** Refuses connections from now on (nobody listens) and, unless `keep`, resets those that are open. */
  async refuse({ keep = false } = {}): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!keep) for (const socket of this.#connections) resetSocket(socket);
    // With connections kept, `close` would only call back at their end; the port is shut at once.
    server?.close();
    await waitUntil(() => server?.listening !== true);
  }

  /** Listens again, on the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ highWaterMark: 1_048_576 }, (socket) => void this.#serve(socket));
    server.listen({ port: this.port, host: '127.0.0.1', backlog: 1024 });
    await once(server, 'listening');
    this.#server = server;
  }

  /** Ends everything: no port, no connection left. */
  async close(): Promise<void> {
    await this.refuse();
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    const connection = new Connection(socket);
    const number = ++this.#accepted;
    void connection.closed.then(() => {
      this.#connections.delete(socket);
      // A client that leaves while nothing is being sent to it (held, silent) is noted here.
      for (const request of this.requests) {
        if (request.connection === number && request.outcome === 'pending') request.outcome = 'aborted';
      }
      this.#changed();
    });
    let lines;
    do lines = await connection.nextHead();
    while (lines !== undefined && (await this.#answer(connection, lines, number)));
    socket.end();
  }

  async #answer(connection: Connection, lines: readonly string[], number: number): Promise<boolean> {
    const request = new SeenRequest(lines, number, (method, path) => this.count(method, path) + 1);
    request.body = await connection.read(Number(request.headers.get('Content-Length') ?? 0));
    this.requests.push(request);
    this.#changed();
    const file = this.#files.get(request.path) ?? this.fallback?.(request);
    const behaviour =
      request.method !== 'GET' && request.method !== 'HEAD'
        ? { body: '', status: 405, headers: { Allow: 'GET, HEAD' } }
        : file === undefined
          ? { body: '', status: 404 }
          : behaviourFor(file, request);
    if (this.silent || behaviour.silent === true) {
      await connection.closed;
      return false;
    }
    return send(connection, request, answerTo(request, behaviour), behaviour, this.#rate, () => this.#changed());
  }

  #changed(): void {
    for (const watch of this.#watchers) watch();
  }

  #log(): string {
    return `The origin saw ${this.requests.length} requests:\n${this.requests.map((r) => `  ${r.toString()}`).join('\n')}`;
  }
}

/** Starts an origin on a free port; with a test context, it ends with the test. */
export async function startOrigin(t?: Cleanup, options: OriginOptions = {}): Promise<Origin> {
  for (let tries = 1; ; tries++) {
    const origin = new Origin(await freePort(), options);
    try {
      await origin.accept();
      if (t !== undefined) atEnd(t, () => origin.close());
      return origin;
    } catch (error) {
      if (tries >= 5) throw error;
    }
  }
}
