import { Fields } from '../fields.js';

/** What became of a request: still going, answered in full, left by the client, or cut by the origin's own script. */
export type Outcome = 'pending' | 'finished' | 'aborted' | 'cut';

/** One request as the origin saw it, and how its answer went. */
export class SeenRequest {
  readonly method: string;
  /** The raw request target, one character a byte (Latin-1). */
  readonly path: string;
  readonly version: string;
  readonly headers: Fields;
  /** Counts from 1 over requests of this method and path. */
  readonly nth: number;
  /** Counts connections of this origin from 1. */
  readonly connection: number;
  /** Milliseconds of `performance.now()`. */
  readonly at = performance.now();
  /** The request's own body. */
  body: Buffer = Buffer.alloc(0);
  /** 0 until the header is sent. */
  status = 0;
  /** Bytes of the answer's body handed to the kernel. */
  bodyBytes = 0;
  outcome: Outcome = 'pending';

  constructor(lines: readonly string[], connection: number, nth: (method: string, path: string) => number) {
    const [, method = '', path = '', version = ''] = /^(\S*) (.*?) (HTTP\/\S+)$/.exec(lines[0] ?? '') ?? [];
    this.method = method;
    this.path = path;
    this.version = version;
    this.headers = Fields.parse(lines.slice(1));
    this.connection = connection;
    this.nth = nth(method, path);
  }

  toString(): string {
    return `${this.method} ${this.path} -> ${this.status} ${this.outcome}, ${this.bodyBytes} bytes of body`;
  }
}
