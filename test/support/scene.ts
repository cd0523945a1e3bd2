import { strict as assert } from 'node:assert';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Layout, UrlPlace } from '../../src/cache/layout.js';
import { type CgiProcess, type CgiRequest, type CgiResult, runCgi, startCgi } from './cgi.js';
import { startOrigin, type FileSpec, type Origin } from './origin.js';
import type { Pattern } from './pattern.js';
import { checkPattern, patternHash } from './pattern.js';
import { atEnd, type Cleanup, tempDir } from './place.js';
import { assertNoProcessesOf, killProcessesOf, processesOf } from './processes.js';
import { waitUntil } from './wait.js';

interface SceneOptions {
  /** OFFLOAD_*, over those that the scene makes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The cache directory, if it isn't the scene's own. */
  readonly cacheDir?: string;
  /** Bytes per second of the origin. */
  readonly rate?: number;
  /** An owner dies and nobody takes its lock over: such files may be left. */
  readonly leavesLocks?: boolean;
}

/** A base, a cache directory, and the CGI between: every request runs the bundled script as its own process. */
export class Scene {
  constructor(
    private readonly t: Cleanup,
    readonly origin: Origin,
    /** Unique to the test. */
    readonly dir: string,
    readonly cacheDir: string,
    readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** One request to its end. */
  get(url: string, request: Partial<CgiRequest> = {}): Promise<CgiResult> {
    return runCgi(this.#request(url, request));
  }

  head(url: string, request: Partial<CgiRequest> = {}): Promise<CgiResult> {
    return this.get(url, { method: 'HEAD', ...request });
  }

  /** One request to watch; killed with the test. */
  start(url: string, request: Partial<CgiRequest> = {}): Promise<CgiProcess> {
    return startCgi(this.#request(url, request), this.t);
  }

  #request(url: string, { settings, ...request }: Partial<CgiRequest>): CgiRequest {
    return { url, ...request, settings: { ...this.settings, ...settings } };
  }

  /** Puts a file of `size` pattern bytes on the base. */
  pattern(path: string, size: number, spec: Partial<FileSpec> = {}, seed = path.length + size): Pattern {
    const body = { seed, size };
    this.origin.file(path, { body, ...spec });
    return body;
  }

  /** Where all about one URL lies. */
  place(path: string): UrlPlace {
    return new Layout(this.cacheDir).url(this.settings['OFFLOAD_BASE'] as string, path);
  }

  /** What is there of a URL: `head`, `part`, `mark`, `body`, `lock`, `verdict`, `tmp…`, sorted. */
  kinds(path: string): string[] {
    return this.names(path).map((name) => UrlPlace.parse(name)?.kind ?? name).sort();
  }

  names(path: string): string[] {
    const { directory } = this.place(path);
    return statSync(directory, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(directory);
  }

  /** The only file of one kind that is there of a URL. */
  file(path: string, kind: 'head' | 'part' | 'mark' | 'body' | 'lock' | 'verdict'): string {
    const found = this.names(path).filter((name) => UrlPlace.parse(name)?.kind === kind);
    assert.equal(found.length, 1, `${kind} of ${path}: ${this.names(path).join(' ')}`);
    return join(this.place(path).directory, found[0] as string);
  }

  /** The process that fills now: the only one in a session of its own that names our cache. */
  async filler(): Promise<number> {
    return waitUntil(() => this.fillers()[0], { what: 'a filler' });
  }

  fillers(): number[] {
    return processesOf(`"cacheDir":"${this.cacheDir}"`);
  }

  /** Waits until no fill runs. */
  async idle(): Promise<void> {
    await assertNoProcessesOf(`"cacheDir":"${this.cacheDir}"`);
  }
}

/** What a cache must not be left with when nobody works there: locks, drafts, parts of nobody. */
function leftovers(dir: string): string[] {
  if (statSync(dir, { throwIfNoEntry: false }) === undefined) return [];
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /(^|\/)tmp\.|\.lock(\.\d+)?$|^slots\/./.test(name));
}

/** Sets the scene. After the test no process of it runs, and its cache holds no locks and no drafts. */
export async function scene(t: Cleanup, options: SceneOptions = {}): Promise<Scene> {
  const dir = tempDir(t);
  const cacheDir = options.cacheDir ?? join(dir, 'cache');
  const origin = await startOrigin(t, options.rate === undefined ? {} : { rate: options.rate });
  const settings = {
    OFFLOAD_BASE: origin.url,
    OFFLOAD_CACHE_DIR: cacheDir,
    // The machine's own disk may be nearly full.
    OFFLOAD_KEEP_FREE: '0',
    ...options.settings,
  };
  atEnd(t, async () => {
    try {
      await assertNoProcessesOf(dir);
    } finally {
      killProcessesOf(dir);
    }
    if (options.leavesLocks !== true) assert.deepEqual(leftovers(cacheDir), [], `left in ${cacheDir}`);
  });
  return new Scene(t, origin, dir, cacheDir, settings);
}

/** A `check` for requests: each byte that arrives is the pattern's, from `start` on. */
export function checks({ seed }: Pattern, start = 0): (chunk: Buffer, offset: number) => void {
  return (chunk, offset) => checkPattern(seed, start + offset, chunk);
}

/** The answer is a 200 (or 206 of `start` to `end`, exclusive) with all its bytes, and each is right. */
export function assertWhole(result: CgiResult, body: Pattern, start = 0, end = body.size): void {
  const wanted = start === 0 && end === body.size ? 200 : 206;
  assert.equal(result.status, wanted, result.stderr);
  assert.equal(result.headers.get('Content-Length'), String(end - start));
  assert.equal(result.length, end - start, result.stderr);
  assert.equal(result.sha256, patternHash(body, start, end));
  assert.equal(result.exitCode, 0, result.stderr);
}

/** The client sees that bytes are missing: fewer came than were announced. */
export function assertCut(result: CgiResult, body: Pattern): void {
  assert.equal(result.status, 200);
  assert.equal(result.headers.get('Content-Length'), String(body.size));
  assert.ok(result.length < body.size, `${result.length} of ${body.size} bytes came: it looks complete`);
  assert.equal(result.sha256, patternHash(body, 0, result.length), 'wrong bytes');
  assert.notEqual(result.exitCode, 0);
}
