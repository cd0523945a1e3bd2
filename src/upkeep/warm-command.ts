import { appendEntry } from '../access-log/append.js';
import { fillEntry } from '../access-log/entry.js';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type Arguments, flagNumber } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { settingsOf } from '../cli/settings.js';
import { Base, BaseError, type BodyAnswer, type Part } from '../base/base.js';
import { KeptHeads } from '../base/kept-heads.js';
import { judge } from '../base/judge.js';
import type { Version } from '../base/version.js';
import { Cache } from '../cache/cache.js';
import { openCache, StorageError } from '../cache/directory.js';
import { fill } from '../cache/fill.js';
import type { Layout } from '../cache/layout.js';
import { ShortBody, type Source } from '../cache/source.js';
import { stderrLog } from '../log.js';
import type { Settings } from '../settings/settings.js';
import { inParallel, Pace } from './pace.js';
import { pathOf } from './patterns.js';
import { Progress } from './progress.js';
import { bytesText, countText, flagBytes } from './units.js';

/** So often a file is tried whose version the base replaces meanwhile. */
const MOST_VERSIONS = 3;

/** `offload warm`: exit code 1 if a file could not be filled. @throws Problem, StorageError */
export async function warmCommand(given: Arguments, io: Io): Promise<number> {
  const { words } = given;
  if (words.length === 0) throw new Problem('URL', 'not given; name paths like /file.zip, or - to read them from standard input, one a line');
  const settings = settingsOf(given);
  const jobs = flagNumber(given, 'jobs', 1, 64);
  const pace = new Pace(flagBytes(given, 'rate'));
  const warming = new Warming(openCache(settings), settings, pace, new Progress(io));
  await inParallel(pathsOf(words, settings, io), jobs, (path) => warming.warm(path));
  io.stdout.write(`offload warm: ${await warming.end()}\n`);
  return warming.failed === 0 ? EXIT.done : EXIT.failed;
}

async function* pathsOf(words: readonly string[], { base }: Settings, io: Io): AsyncGenerator<string> {
  for (const word of words) {
    if (word !== '-') yield pathOf(word, base);
    else for await (const line of createInterface({ input: Readable.from(io.stdin) })) if (line.trim() !== '') yield pathOf(line.trim(), base);
  }
}

/** A base whose bodies come no faster than all of them together may. */
class PacedBase extends Base {
  constructor(
    settings: Settings,
    private readonly pace: Pace,
  ) {
    super(settings, new KeptHeads(settings));
  }

  override async get(path: string, part?: Part): Promise<BodyAnswer> {
    const answer = await super.get(path, part);
    return { ...answer, body: paced(answer.body, this.pace) };
  }
}

async function* paced(body: AsyncIterable<Buffer>, pace: Pace): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    await pace.pass(chunk.length);
    yield chunk;
  }
}

class Warming {
  readonly #base: PacedBase;
  readonly #cache: Cache;
  readonly #fills = new Set<Promise<unknown>>();
  #filled = 0;
  #here = 0;
  failed = 0;
  /** Of the files that are known so far. */
  #announced = 0;
  #came = 0;

  constructor(layout: Layout, settings: Settings, pace: Pace, private readonly progress: Progress) {
    this.#base = new PacedBase(settings, pace);
    const log = stderrLog(settings.debug);
    this.#cache = new Cache(
      layout,
      settings,
      (job) => {
        const began = Date.now();
        const running: Promise<void> = fill(job, layout.url(settings.base.href, job.path), this.#base, settings, log).then((filled) => {
          this.#fills.delete(running);
          appendEntry(fillEntry(job.path, began, filled), settings, log);
        });
        this.#fills.add(running);
      },
      log,
    );
  }

  /** Has one file filled, unless it is here. */
  async warm(path: string): Promise<void> {
    try {
      await this.#fill(path);
    } catch (error) {
      if (!(error instanceof BaseError || error instanceof ShortBody || error instanceof StorageError)) throw error;
      this.failed++;
      this.progress.say(`offload warm: ${path}: ${error.message}`);
    }
  }

  /** Waits for what still runs; what came of it all. */
  async end(): Promise<string> {
    await Promise.all(this.#fills);
    this.progress.clear();
    const files = countText(this.#filled + this.#here + this.failed, 'file');
    return `${files}: ${this.#filled} filled (${bytesText(this.#came)}), ${this.#here} here already, ${this.failed} failed`;
  }

  async #fill(path: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      const asked = Date.now();
      const answer = await this.#base.head(path);
      const judged = judge(answer);
      if (judged.kind === 'uncacheable') throw new BaseError(`not cached: ${judged.why}`, false);
      if (judged.kind !== 'version') throw new BaseError(`base answers ${answer.status}`, false);
      const { version } = judged;
      try {
        const { source, how } = await this.#cache.obtain(path, version, asked, version.length);
        if (how !== 'hit') return await this.#follow(path, version, source);
        source.close();
        this.#cache.validated(path, { version, fields: answer.fields, validated: asked }, 0);
        this.#here++;
        return;
      } catch (error) {
        const isReplaced = error instanceof ShortBody && error.verdict.kind === 'superseded';
        if (!isReplaced || tries === MOST_VERSIONS) throw error;
      }
    }
  }

  async #follow(path: string, version: Version, source: Source): Promise<void> {
    this.#announced += version.length;
    let position = 0;
    try {
      while (position < version.length) {
        const more = source.available(position);
        position += more;
        this.#came += more;
        this.progress.show(this.#came, this.#announced, `${bytesText(this.#came)} of ${bytesText(this.#announced)}; ${path}`);
        if (more === 0) await source.wait(position);
      }
    } finally {
      source.close();
    }
    this.#filled++;
  }
}
