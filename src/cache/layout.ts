import { fileName } from '../file-name.js';
import { randomName } from '../random.js';

/**
 * Where everything lies in the cache directory; no other file knows.
 *
 *     CACHEDIR.TAG
 *     urls/ORIGIN/ab/PATH/      all about one URL of a base; `ab` only keeps directories short
 *         VERSION.head          the record: URL, validators, header fields; mtime = last validated
 *         VERSION.part          the growing body
 *         VERSION.mark          how much of the part is on the disk for sure
 *         VERSION.body.zip      the complete body; mtime = Last-Modified, atime = last use
 *         VERSION.lock[.N]      who fills it
 *         VERSION.verdict       why the last fill gave up
 *         tmp.PID.RANDOM        a draft of one of these
 *     usage                     how many bytes are here
 *     slots/KEY.N               one running download, for OffloadMaxDupeDownloads
 *     status                    counters of the access log, and how far it was read
 *     code-PROGRAM-NODE-ARCH    offload.cgi as V8 has compiled it
 *     handed                    mtime = a web server was lately told to send a file from here
 *     retired/NAME              a removed body that such a server may still open: its path; mtime = when it was removed
 */
export class Layout {
  /** `root`: absolute, without a slash at the end: no path here needs `join`, 0.1 ms at its first call. */
  constructor(readonly root: string) {}

  get tag(): string {
    return `${this.root}/CACHEDIR.TAG`;
  }

  /** The place of one URL. Another OffloadBase never sees the files of this `origin`. */
  url(origin: string, path: string): UrlPlace {
    return new UrlPlace(this, `${this.urls}/${fileName(origin)}/${shard(path)}/${fileName(path)}`, path);
  }

  get urls(): string {
    return `${this.root}/urls`;
  }

  get usage(): string {
    return `${this.root}/usage`;
  }

  /** The number of the shard, 0 to 255, that a file of a URL lies in. */
  shardOf(file: string): number {
    return Number.parseInt(this.relative(file).split('/')[2] ?? '', 16);
  }

  /** The directories of all URLs in one shard, of all origins. */
  urlDirectories(number: number, namesIn: (directory: string) => string[]): string[] {
    return namesIn(this.urls).flatMap((origin) => {
      const directory = `${this.urls}/${origin}/${hexByte(number)}`;
      return namesIn(directory).map((name) => `${directory}/${name}`);
    });
  }

  slot(key: string, number: number): string {
    return `${this.root}/slots/${fileName(key)}.${number}`;
  }

  get slots(): string {
    return `${this.root}/slots`;
  }

  get status(): string {
    return `${this.root}/status`;
  }

  get handed(): string {
    return `${this.root}/handed`;
  }

  get retired(): string {
    return `${this.root}/retired`;
  }

  /** Of a file in the cache, from its root on: every character stands for itself in a URL, too. */
  relative(file: string): string {
    return file.slice(this.root.length + 1);
  }
}

/** Of src/start.ts, which needs no more of all this. */
export function codeFile(root: string, name: string): string {
  return `${root}/code-${name}`;
}

export function isCodeFile(name: string): boolean {
  return name.startsWith('code-');
}

export function draftIn(directory: string): string {
  return `${directory}/tmp.${process.pid}.${randomName()}`;
}

function hexByte(number: number): string {
  return number.toString(16).padStart(2, '0');
}

/** One of 256 directories, the shards, as evenly as that needs to be. */
function shard(path: string): string {
  let sum = 0;
  for (let i = 0; i < path.length; i++) sum = (sum * 31 + path.charCodeAt(i)) & 0xffff;
  return hexByte((sum >> 8) ^ (sum & 0xff));
}

/**
 * A web server that is handed a body may go by the extension: only those are kept that no server executes, parses or takes
 * for a coding, however it is set up. What a base's `.php` would do here is not the base's to say.
 */
const PLAIN = /* @__PURE__ */ 'bin deb flac gif img iso jpeg jpg m4a m4v mkv mp3 mp4 ogg ogv pdf png rpm tar wav webm webp zip'.split(' ');

type Kind = 'head' | 'part' | 'mark' | 'body' | 'lock' | 'verdict';

/** The directory of one URL and the names in it. `path`: the URL's; or the name of its body, which ends like it. */
export class UrlPlace {
  readonly #extension: string;

  constructor(
    readonly layout: Layout,
    readonly directory: string,
    path: string,
  ) {
    const dot = path.lastIndexOf('.');
    this.#extension = dot >= 0 && PLAIN.includes(path.slice(dot + 1).toLowerCase()) ? path.slice(dot) : '';
  }

  head(version: string): string {
    return `${this.directory}/${version}.head`;
  }

  part(version: string): string {
    return `${this.directory}/${version}.part`;
  }

  body(version: string): string {
    return `${this.directory}/${version}.body${this.#extension}`;
  }

  lock(version: string): string {
    return `${this.directory}/${version}.lock`;
  }

  mark(version: string): string {
    return `${this.directory}/${version}.mark`;
  }

  /** A name of its own for a file that gets its right name when it is whole. */
  draft(): string {
    return draftIn(this.directory);
  }

  static isDraft(name: string): boolean {
    return name.startsWith('tmp.');
  }

  verdict(version: string): string {
    return `${this.directory}/${version}.verdict`;
  }

  /** Which version a name in the directory belongs to, and what it is. */
  static parse(name: string): { version: string; kind: Kind } | undefined {
    const m = /^([\w,~-]+)\.(head|part|mark|body|lock|verdict)(?:\.|$)/.exec(name);
    if (!m) return undefined;
    return { version: m[1] as string, kind: m[2] as Kind };
  }
}
