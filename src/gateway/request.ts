/** What a client wants, as any host (CGI, built-in server) tells it. Strings are Latin-1: one character, one byte. */
export interface Request {
  readonly method: string;
  /** The request-target as the client sent it, with its query. */
  readonly target: string;
  /** A header field's value, its lines joined; names in lower case. */
  field(name: string): string | undefined;
  /** The peer's address: the client's, or a proxy's. */
  readonly remoteAddress: string;
}
