// The ways in which a client meets the gateway, behind one face: a list of requests can be held against each of them.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { offloadCgi, offloadCommand } from './build.js';
import { type CgiRequest, startCgi } from './cgi.js';
import { type Exchange, exchange } from './client.js';
import type { Fields } from './fields.js';
import { type Origin, startOrigin } from './origin.js';
import { atEnd, type Cleanup, tempDir } from './place.js';
import { waitUntil, within } from './wait.js';

/** A client's request; Host and the like are added. */
export interface Ask {
  readonly method?: string;
  /** Latin-1. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: 'HTTP/1.0' | 'HTTP/1.1';
  readonly body?: string;
  readonly check?: (chunk: Buffer, offset: number) => void;
}

/** What a client gets, whoever sends it. */
export interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
  readonly headers: Fields;
  readonly body: Buffer;
  readonly length: number;
  readonly sha256: string;
  /** False if the client sees that the body was cut. Without Content-Length, only if the way itself shows it. */
  readonly complete: boolean;
}

/** An answer on its way. */
export interface Running {
  readonly done: Promise<Answer>;
  readonly waitForBody: (length: number) => Promise<void>;
}

/** The gateway before one base, with a cache of its own. */
export interface Offload {
  readonly cacheDir: string;
  /** Where it listens, for what only a connection can show; undefined for a script. */
  readonly port: number | undefined;
  readonly ask: (path: string, ask?: Ask) => Promise<Answer>;
  readonly start: (path: string, ask?: Ask) => Promise<Running>;
  /** What it wrote to the error log. */
  readonly log: () => string;
}

export interface Front {
  readonly name: 'cgi' | 'nph' | 'serve';
  /** OFFLOAD_* over those that name the base and the cache; all ends with the test. */
  open(t: Cleanup, origin: Origin, settings?: Readonly<Record<string, string>>): Promise<Offload>;
}

class Cgi implements Offload {
  readonly cacheDir: string;
  readonly port = undefined;
  #log = '';

  constructor(
    private readonly t: Cleanup,
    private readonly nph: boolean,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.cacheDir = settings['OFFLOAD_CACHE_DIR'] ?? '';
  }

  log(): string {
    return this.#log;
  }

  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    return within((await this.start(path, ask)).done, () => `the script's answer on ${path}. ${this.#log}`);
  }

  async start(url: string, { method, headers = {}, version = 'HTTP/1.1', body, check }: Ask = {}): Promise<Running> {
    const request: CgiRequest = {
      url,
      headers,
      settings: this.settings,
      env: { SERVER_PROTOCOL: version },
      nph: this.nph,
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body }),
      ...(check === undefined ? {} : { check }),
    };
    const running = await startCgi(request, this.t);
    const done = running.done.then((result) => {
      this.#log += result.stderr;
      const { exitCode } = result;
      if (result.headers.get('Transfer-Encoding') === 'chunked' && method !== 'HEAD') return { ...result, ...joined(result.body) };
      return { ...result, body: result.body, complete: (method === 'HEAD' || result.complete) && exitCode === 0 };
    });
    done.catch(() => undefined);
    return { done, waitForBody: (length) => running.waitForBody(length) };
  }
}

/** The body of an NPH script that is sent in chunks. */
function joined(raw: Buffer): Pick<Answer, 'body' | 'length' | 'sha256' | 'complete'> {
  const chunks: Buffer[] = [];
  let complete = false;
  for (let at = 0; at < raw.length && !complete; ) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.toString('latin1', at, end), 16);
    chunks.push(raw.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
    complete = size === 0 && at === raw.length;
  }
  const body = Buffer.concat(chunks);
  return { body, length: body.length, sha256: createHash('sha256').update(body).digest('hex'), complete };
}

class Served implements Offload {
  constructor(
    readonly cacheDir: string,
    readonly port: number,
    readonly log: () => string,
  ) {}

  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    return within(this.#send(path, ask).done, () => `the server's answer on ${path}. ${this.log()}`);
  }

  start(path: string, ask: Ask = {}): Promise<Running> {
    return Promise.resolve(this.#send(path, ask));
  }

  #send(path: string, ask: Ask): Exchange {
    return exchange({ to: this.port, path, ...ask });
  }
}

function environment(t: Cleanup, origin: Origin, settings: Readonly<Record<string, string>>): Record<string, string> {
  return { OFFLOAD_BASE: origin.url, OFFLOAD_CACHE_DIR: join(tempDir(t), 'cache'), OFFLOAD_TIMEOUT: '5s', ...settings };
}

function cgi(name: 'cgi' | 'nph'): Front {
  return {
    name,
    open: async (t, origin, settings = {}) => {
      await offloadCgi({ nph: name === 'nph' });
      return new Cgi(t, name === 'nph', environment(t, origin, settings));
    },
  };
}

const serve: Front = {
  name: 'serve',
  open: async (t, origin, settings = {}) => {
    const env = environment(t, origin, settings);
    const child = spawn(process.execPath, [await offloadCommand(), 'serve', '--listen', '127.0.0.1:0'], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gone = once(child, 'exit');
    atEnd(t, async () => {
      child.kill('SIGKILL');
      await gone;
    });
    let out = '';
    let log = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('latin1').on('data', (text: string) => (log += text));
    const port = await waitUntil(() => Number(/ at http:\/\/127\.0\.0\.1:(\d+)/.exec(out)?.[1]), { what: () => `offload serve to listen. ${log}` });
    return new Served(env['OFFLOAD_CACHE_DIR'] ?? '', port, () => log);
  },
};

/** Every way that needs no web server. */
export const FRONTS: readonly Front[] = [cgi('cgi'), cgi('nph'), serve];

/** A base and the gateway before it. */
export interface Stage extends Offload {
  readonly front: Front['name'];
  readonly origin: Origin;
  /** Pulls a file, and waits until nothing is on its way into the cache any more. */
  readonly warm: (path: string) => Promise<Answer>;
}

async function settled(cacheDir: string): Promise<void> {
  const busy = () => readdirSync(cacheDir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:lock|part)(?:\.|$)/.test(name));
  await waitUntil(() => busy().length === 0, { what: () => `the end of the fills: ${busy().join(' ')}` });
}

type Show = (behaviour: string, run: (stage: Stage, t: TestContext) => Promise<void>, settings?: Readonly<Record<string, string>>) => void;

/** Shows one behaviour at each of the fronts, each with a base and a cache of its own. */
export const onEachFront: Show = (behaviour, run, settings) => {
  show(FRONTS, behaviour, run, settings);
};

/** The same where a parsed script and an NPH script differ in nothing: once as a script, once as a server. */
export const onEachHost: Show = (behaviour, run, settings) => {
  show(FRONTS.filter(({ name }) => name !== 'nph'), behaviour, run, settings);
};

/** What only a connection can show: at the built-in server. */
export function onConnection(behaviour: string, run: (stage: Stage & { readonly port: number }) => Promise<void>): void {
  show([serve], behaviour, async ({ port = 0, ...stage }) => run({ ...stage, port }));
}

function show(fronts: readonly Front[], behaviour: string, run: (stage: Stage, t: TestContext) => Promise<void>, settings: Readonly<Record<string, string>> = {}): void {
  test(behaviour, { concurrency: fronts.length }, async (t) => {
    const shown = fronts.map((front) =>
      t.test(front.name, async (part) => {
        const origin = await startOrigin(part);
        const offload = await front.open(part, origin, settings);
        const { cacheDir, port } = offload;
        const ask = offload.ask.bind(offload);
        const warm = async (path: string) => {
          const answer = await ask(path);
          await settled(cacheDir);
          return answer;
        };
        await run({ front: front.name, origin, cacheDir, port, ask, warm, start: offload.start.bind(offload), log: offload.log.bind(offload) }, part);
      }),
    );
    await Promise.all(shown);
  });
}
