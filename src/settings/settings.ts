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

/** A name or an IP address (IPv6 without brackets), and the port if one was written. */
export interface Address {
  readonly host: string;
  readonly port: number | undefined;
}

/** Where `serve` listens; an empty host is every address of the machine, port 0 any free port. */
export type Listen = { readonly host: string; readonly port: number } | { readonly path: string };

/** Bytes, or a share (0..1) of the file system. */
export type Space = { readonly bytes: number } | { readonly share: number };

/** How a complete object is handed to the web server. */
export interface Handoff {
  readonly way: 'x-sendfile' | 'x-accel-redirect' | 'x-litespeed-location' | 'local-redirect';
  /** The URL path, without a slash at the end, that shows the cache to the web server; '' for x-sendfile, which takes a path. */
  readonly prefix: string;
  /** Names in lower case: what nginx would drop of our header, and is set up to add again. */
  readonly fields: readonly string[];
}

/** Every setting, parsed and checked. Durations are milliseconds. */
export interface Settings {
  readonly base: Origin;
  /** Connect here instead of looking the base's name up. */
  readonly baseAddress: Address | undefined;
  readonly cacheDir: string;
  readonly timeout: number;
  readonly fresh: number;
  readonly staleIfError: number;
  readonly uncacheable: 'pass' | 'refuse';
  /** Simultaneous downloads of one URL by one address; 0 is no limit. */
  readonly maxDupeDownloads: number;
  /** Addresses or CIDR blocks, checked but not compiled: few requests need them. */
  readonly trustedProxy: readonly string[];
  /** Of all bodies together; undefined: no limit but keepFree. */
  readonly cacheSize: Space | undefined;
  /** What a fill must leave free. */
  readonly keepFree: Space;
  /** Undefined: this program sends every byte itself. */
  readonly handoff: Handoff | undefined;
  /** The access log; undefined: none. */
  readonly log: string | undefined;
  readonly logFormat: 'combined' | 'json';
  /** Who besides this machine may see /.offload/status and /.offload/metrics of the built-in server; addresses or CIDR blocks. */
  readonly statusAllow: readonly string[];
  readonly debug: boolean;
  readonly listen: Listen;
}

export type Key = keyof Settings;
