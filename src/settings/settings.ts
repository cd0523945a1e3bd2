/** The origin of the base server, taken apart. */
export interface Origin {
  readonly secure: boolean;
  /** Name or address without brackets, as `node:net` wants it. */
  readonly host: string;
  readonly port: number;
  /** What goes into `Host`: name, and the port if it isn't the scheme's own. */
  readonly authority: string;
  /** Scheme and authority in one, the first part of every cache key. */
  readonly href: string;
}

/** Where `serve` listens. */
export type Listen = { readonly host: string; readonly port: number } | { readonly path: string };

/** Space that a fill must leave free: bytes, or a share (0..1) of the file system. */
export type KeepFree = { readonly bytes: number } | { readonly share: number };

/** Every setting, parsed and checked. Durations are milliseconds. */
export interface Settings {
  readonly base: Origin;
  readonly baseAddress: string | undefined;
  readonly cacheDir: string;
  readonly timeout: number;
  readonly fresh: number;
  readonly staleIfError: number;
  readonly uncacheable: 'pass' | 'refuse';
  readonly maxDupeDownloads: number;
  /** Addresses or CIDR blocks, checked but not compiled: few requests need them. */
  readonly trustedProxy: readonly string[];
  readonly keepFree: KeepFree;
  readonly debug: boolean;
  readonly listen: Listen;
}
