import { type Arguments, flagNumber, isSet } from '../cli/arguments.js';
import { EXIT, type Io } from '../cli/io.js';
import { settingsOf } from '../cli/settings.js';
import { type Answer, Base, BaseError } from '../base/base.js';
import { KeptHeads } from '../base/kept-heads.js';
import { judge } from '../base/judge.js';
import { removeEmpty } from '../cache/census.js';
import type { Layout } from '../cache/layout.js';
import { touchRecord } from '../cache/record.js';
import { removeAll, removeVersion, unlessFilled } from '../cache/remove.js';
import { removeRetired } from '../cache/retire.js';
import type { Settings } from '../settings/settings.js';
import { type Entry, openUsedCache, readEntry, urlDirectories } from './catalogue.js';
import { inParallel, Pace } from './pace.js';
import { Progress } from './progress.js';
import { sizeOf, type Sweep, sweepCommon, sweepUrl } from './trash.js';
import { bytesText, countText, flagDuration } from './units.js';

/** Questions on their way to the base at once. */
const AT_ONCE = 4;
/** After so many in a row without an answer the base isn't asked any more. */
const SILENT = 10;
/** So many files that are gone, and none that is there: rather the base is set up wrong. */
const ALL_GONE = 10;
const DAY = 86_400_000;

interface Window {
  /** Last validated longer ago than this, and not longer than that; milliseconds. */
  readonly olderThan: number;
  readonly youngerThan: number;
}

/** `offload clean`: exit code 1 if the base could not be asked about all files. @throws Problem, StorageError */
export async function cleanCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const rate = flagNumber(given, 'rate', 0.01, 100_000);
  const window = { olderThan: flagDuration(given, 'older-than') ?? 0, youngerThan: flagDuration(given, 'younger-than') ?? Infinity };
  const partsAfter = flagDuration(given, 'parts-after') ?? DAY;
  const sweep: Sweep = { tally: { parts: 0, locks: 0, slots: 0, others: 0, bytes: 0 }, isTry: isSet(given, 'dry-run'), partsAfter };
  const cleaning = new Cleaning(openUsedCache(settings), settings, sweep, window, new Pace(rate), new Progress(io));
  await cleaning.run();
  io.stdout.write(`offload clean: ${cleaning.summary()}\n`);
  return cleaning.isComplete ? EXIT.done : EXIT.failed;
}

class Cleaning {
  readonly #base: Base;
  #looked = 0;
  #asked = 0;
  #gone = 0;
  #changed = 0;
  #kept = 0;
  #unanswered = 0;
  #silent = 0;
  /** The base has shown that it has files. */
  #isProven = false;
  /** Gone, as long as that isn't so. */
  #waiting: Entry[] = [];

  constructor(
    private readonly layout: Layout,
    private readonly settings: Settings,
    private readonly sweep: Sweep,
    private readonly window: Window,
    private readonly pace: Pace,
    private readonly progress: Progress,
  ) {
    this.#base = new Base(settings, new KeptHeads(settings));
  }

  get isComplete(): boolean {
    return this.#unanswered === 0 && this.#waiting.length === 0;
  }

  async run(): Promise<void> {
    const { layout, settings, sweep } = this;
    if (!sweep.isTry) removeRetired(layout);
    sweepCommon(layout, sweep);
    let total = 0;
    for (const _ of urlDirectories(layout, settings)) total++;
    const isSilent = () => this.#silent >= SILENT;
    await inParallel(urlDirectories(layout, settings), AT_ONCE, (directory) => this.#clean(directory, total), isSilent);
    if (this.#waiting.length < ALL_GONE) this.#removeWaiting();
    this.progress.clear();
    if (isSilent()) this.progress.say(`offload clean: base ${settings.base.href} does not answer: stopped, nothing was removed for it; the next run goes on`);
    if (this.#waiting.length > 0) {
      this.progress.say(
        `offload clean: base ${settings.base.href} has none of ${countText(this.#waiting.length, 'file')}: nothing was removed for it; if that is right: offload purge '*'`,
      );
    }
  }

  summary(): string {
    const { tally, isTry } = this.sweep;
    const left = [countText(tally.parts, 'part'), countText(tally.locks, 'lock'), countText(tally.slots, 'slot'), countText(tally.others, 'other left-over')];
    const asked = `${this.#asked} asked: ${this.#gone} gone, ${this.#changed} changed, ${this.#kept} answered otherwise and kept, ${this.#unanswered} not answered`;
    return `${countText(this.#looked, 'URL')}, ${asked}; ${left.join(', ')}; ${bytesText(tally.bytes)} ${isTry ? 'would be freed' : 'freed'}`;
  }

  async #clean(directory: string, total: number): Promise<void> {
    const { layout, settings, sweep, progress } = this;
    const entry = readEntry(layout, settings, directory);
    progress.show(this.#looked, total, entry.path ?? '');
    this.#looked++;
    sweepUrl(entry, sweep);
    if (entry.path !== undefined && this.#isMeant(entry)) await this.#ask(entry, entry.path);
  }

  /** A file whose age is within bounds: an interrupted run has validated what it asked about. */
  #isMeant({ records: [newest] }: Entry): boolean {
    if (newest === undefined) return false;
    const age = Math.abs(Date.now() - newest.validated);
    return age >= this.window.olderThan && age <= this.window.youngerThan;
  }

  async #ask(entry: Entry, path: string): Promise<void> {
    await this.pace.pass(1);
    if (this.#silent >= SILENT) return;
    const now = Date.now();
    try {
      const answer = await this.#base.head(path);
      this.#silent = 0;
      this.#judge(entry, path, answer, now);
    } catch (error) {
      if (!(error instanceof BaseError)) throw error;
      this.#silent++;
      this.#notAnswered(path, error.message);
    }
  }

  #judge(entry: Entry, path: string, answer: Answer, now: number): void {
    const judged = judge(answer);
    if (judged.kind === 'failed') return this.#notAnswered(path, `base answers ${answer.status}`);
    this.#asked++;
    if (answer.status === 404 || answer.status === 410) {
      this.#waiting.push(entry);
      if (this.#isProven) this.#removeWaiting();
    } else if (judged.kind === 'version') {
      this.#isProven = true;
      this.#removeWaiting();
      const record = { version: judged.version, fields: answer.fields, validated: now };
      if (entry.records.some(({ version }) => version.id !== judged.version.id)) this.#removeOthers(entry, judged.version.id);
      if (!this.sweep.isTry && entry.records.some(({ version }) => version.id === judged.version.id)) touchRecord(entry.place, path, record);
    } else this.#kept++;
  }

  #notAnswered(path: string, why: string): void {
    this.#unanswered++;
    if (this.#unanswered === 1) this.progress.say(`offload clean: ${path}: ${why}`);
  }

  #removeWaiting(): void {
    for (const entry of this.#waiting) {
      this.#gone++;
      this.sweep.tally.bytes += sizeOf(entry);
      if (this.sweep.isTry) continue;
      removeAll(entry.place);
      removeEmpty(entry.place.directory);
    }
    this.#waiting = [];
  }

  #removeOthers(entry: Entry, now: string): void {
    this.#changed++;
    for (const { version } of entry.records) {
      if (version.id === now) continue;
      this.sweep.tally.bytes += sizeOf({ ...entry, names: entry.names.filter((name) => name.startsWith(`${version.id}.`)) });
      if (!this.sweep.isTry) unlessFilled(entry.place, version.id, () => removeVersion(entry.place, version.id));
    }
    if (!this.sweep.isTry) removeEmpty(entry.place.directory);
  }
}
