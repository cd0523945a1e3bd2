import { join } from 'node:path';
import { sha256 } from '../sha256.js';

/**
 * Where everything lies in the cache directory; no other file knows.
 *
 *     CACHEDIR.TAG
 *     urls/ab/cdef…/            all about one URL: the SHA-256 of its base and path
 *         VERSION.head          the record: URL, validators, header fields; mtime = last validated
 *         VERSION.part          the growing body
 *         VERSION.body.zip      the complete body; mtime = Last-Modified, atime = last use
 *         VERSION.lock[.N]      who fills it
 *         VERSION.verdict       why the last fill gave up
 *     slots/KEY.N               one running download, for OffloadMaxDupeDownloads
 */
export class Layout {
  constructor(readonly root: string) {}

  get tag(): string {
    return join(this.root, 'CACHEDIR.TAG');
  }

  /** The place of one URL. `origin` is in the key, so that another OffloadBase never sees this one's files. */
  url(origin: string, path: string): UrlPlace {
    const key = sha256(Buffer.from(`${origin}${path}`, 'latin1'));
    return new UrlPlace(join(this.urls, key.slice(0, 2), key.slice(2)), path);
  }

  get urls(): string {
    return join(this.root, 'urls');
  }

  slot(key: string, number: number): string {
    return join(this.root, 'slots', `${sha256(Buffer.from(key, 'latin1')).slice(0, 32)}.${number}`);
  }

  get slots(): string {
    return join(this.root, 'slots');
  }
}

/** The directory of one URL and the names in it. */
export class UrlPlace {
  readonly #extension: string;

  constructor(
    readonly directory: string,
    path: string,
  ) {
    // A web server that is handed the file finds its type by the extension.
    this.#extension = /\.[A-Za-z0-9]{1,10}$/.exec(path)?.[0] ?? '';
  }

  head(version: string): string {
    return join(this.directory, `${version}.head`);
  }

  part(version: string): string {
    return join(this.directory, `${version}.part`);
  }

  body(version: string): string {
    return join(this.directory, `${version}.body${this.#extension}`);
  }

  lock(version: string): string {
    return join(this.directory, `${version}.lock`);
  }

  verdict(version: string): string {
    return join(this.directory, `${version}.verdict`);
  }

  /** Which version a name in the directory belongs to, and what it is. */
  static parse(name: string): { version: string; kind: 'head' | 'part' | 'body' | 'lock' | 'verdict' } | undefined {
    const m = /^([0-9a-f]{32})\.(head|part|body|lock|verdict)(?:\.|$)/.exec(name);
    if (!m) return undefined;
    return { version: m[1] as string, kind: m[2] as 'head' | 'part' | 'body' | 'lock' | 'verdict' };
  }
}
