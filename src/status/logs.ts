import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, renameSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { draftIn, type Layout } from '../cache/layout.js';
import { codeOf } from '../errors.js';
import { DAY, History, type StoredHistory } from './history.js';
import { scan } from './scan.js';

/** What was read of one file: it is known again by its first line, if it was copied, by its inode, if it was renamed. */
interface Read {
  readonly inode: number;
  readonly head: string;
  readonly offset: number;
}

interface Stored {
  readonly format: typeof FORMAT;
  readonly log: string;
  /** When it was last read, in milliseconds since 1970. */
  readonly at: number;
  readonly files: readonly Read[];
  readonly history: StoredHistory;
}

/** Of the state file; another program version's is made anew. */
const FORMAT = 1;

/** Rotated files from before this are not read, in milliseconds: nothing older is told. */
const OLDEST = 32 * DAY;

/** A line from the future (a clock that was set back since) counts as of now, in milliseconds. */
const CLOCKS_DIFFER = 60_000;

/** The counters of a log: they go on from what was read of it before, in this file and in those it was renamed to. */
export class LoggedHistory {
  constructor(
    private readonly log: string,
    private readonly layout: Layout,
  ) {}

  /** Counts what is new. @throws errors of the file system, but for a log that isn't there (yet) */
  async update(now: number, size?: number): Promise<History> {
    const before = this.#load();
    const history = new History(before?.history);
    const latest = now + CLOCKS_DIFFER;
    const files: Read[] = [];
    for (const path of this.#files(before?.at ?? now - OLDEST, before?.files ?? [])) {
      const read = await readOn(path, before?.files ?? [], (line) => history.add(line.time > latest ? { ...line, time: now } : line));
      if (read !== undefined) files.push(read);
    }
    if (size !== undefined) history.noteSize(now, size);
    this.#save({ format: FORMAT, log: this.log, at: now, files, history: history.toJSON() });
    return history;
  }

  #load(): Stored | undefined {
    try {
      const stored = JSON.parse(readFileSync(this.layout.status, 'utf8')) as Stored;
      return stored.format === FORMAT && stored.log === this.log ? stored : undefined;
    } catch {
      return undefined;
    }
  }

  #save(stored: Stored): void {
    const draft = draftIn(this.layout.root);
    try {
      writeFileSync(draft, JSON.stringify(stored), { mode: 0o600, flag: 'wx' });
      renameSync(draft, this.layout.status);
    } catch {
      // Next time all is read again.
    }
  }

  /** The log, and before it what it was renamed to, the oldest first: those written to since then, or read before. */
  #files(since: number, known: readonly Read[]): string[] {
    const directory = dirname(this.log);
    const start = basename(this.log);
    const rotated = namesIn(directory)
      .filter((name) => name.startsWith(`${start}.`) || name.startsWith(`${start}-`))
      .filter((name) => !/\.(?:gz|bz2|xz|zst)$/.test(name))
      .map((name) => join(directory, name))
      .map((path) => ({ path, stats: statOf(path) }))
      .filter(({ stats }) => stats?.isFile() === true && (stats.mtimeMs >= since - CLOCKS_DIFFER || known.some(({ inode }) => inode === stats.ino)));
    rotated.sort((a, b) => (a.stats?.mtimeMs ?? 0) - (b.stats?.mtimeMs ?? 0));
    return [...rotated.map(({ path }) => path), this.log];
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readOn(path: string, known: readonly Read[], take: Parameters<typeof scan>[2]): Promise<Read | undefined> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino: inode, size } = fstatSync(fd);
    const head = firstLine(fd);
    if (head === '') return undefined;
    const same = known.filter((read) => read.head === head && read.offset <= size);
    const before = same.find((read) => read.inode === inode) ?? same[0];
    return { inode, head, offset: await scan(fd, before?.offset ?? 0, take) };
  } finally {
    closeSync(fd);
  }
}

/** Hardly two logs have the same one; '' before there is one. */
function firstLine(fd: number): string {
  const bytes = Buffer.alloc(4096);
  const count = readSync(fd, bytes, 0, bytes.length, 0);
  const end = bytes.subarray(0, count).indexOf(10);
  return end === -1 ? '' : bytes.toString('latin1', 0, end);
}
