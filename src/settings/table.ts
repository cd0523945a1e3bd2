/**
 * The one table of settings. File, environment, flags, help and the README's table come from it:
 * a new setting is an entry here and a field in `Settings`. Its names come from its key: names.ts.
 */
import { CACHE_DIR } from './cache-dir';
import type { Key, Settings } from './settings';
import {
  address,
  addressBlocks,
  choice,
  duration,
  file,
  handoff,
  limit,
  listen,
  onOff,
  origin,
  sizeOrShare,
  waitingTime,
  wholeNumber,
} from './values';

export interface Setting<T> {
  /** As it would be written; a setting without a default must be set. */
  readonly default?: string;
  /** The form of the value, for the help text. */
  readonly syntax: string;
  readonly meaning: string;
  /** Takes several values, and its directive may stand several times. */
  readonly many?: true;
  /** Its one value may be several words. */
  readonly phrase?: true;
  /** Throws `BadValue`. */
  readonly parse: (text: string) => T;
}

export const TABLE: { readonly [K in Key]: Setting<Settings[K]> } = {
  base: {
    syntax: 'ORIGIN',
    meaning: 'the base server: http or https, name, port',
    parse: origin,
  },
  baseAddress: {
    default: 'none',
    syntax: 'HOST[:PORT]',
    meaning: "connect here instead of looking the base's name up",
    parse: address,
  },
  cacheDir: CACHE_DIR,
  timeout: {
    default: '45s',
    syntax: 'DURATION',
    meaning: 'longest time without progress, of the base or of a fill',
    parse: waitingTime,
  },
  fresh: {
    default: '0s',
    syntax: 'DURATION',
    meaning: "how long the base's word holds before it is asked again; 0s asks every time",
    parse: duration,
  },
  staleIfError: {
    default: '1d',
    syntax: 'DURATION',
    meaning: 'how long after its last check a cached file may be sent while the base fails',
    parse: duration,
  },
  uncacheable: {
    default: 'pass',
    syntax: 'pass|refuse',
    meaning: 'what becomes of answers that must not or cannot be cached',
    parse: choice('pass', 'refuse'),
  },
  maxDupeDownloads: {
    default: '0',
    syntax: 'N',
    meaning: 'simultaneous downloads of one URL by one address; 0 is no limit',
    parse: wholeNumber,
  },
  trustedProxy: {
    default: 'none',
    syntax: 'ADDRESS[/BITS]...',
    meaning: "proxies whose word about the client's address is believed",
    many: true,
    parse: addressBlocks,
  },
  cacheSize: {
    default: 'none',
    syntax: 'SIZE|PERCENT',
    meaning: 'most that the cache holds: what was not used for longest goes; none is all but OffloadKeepFree',
    parse: limit,
  },
  keepFree: {
    default: '5%',
    syntax: 'SIZE|PERCENT',
    meaning: 'space of the file system that the cache leaves free',
    parse: sizeOrShare,
  },
  handoff: {
    default: 'none',
    syntax: 'WAY [PREFIX [FIELD...]]',
    meaning: 'how a web server is told to send a cached file itself (see offload site)',
    phrase: true,
    parse: handoff,
  },
  log: {
    default: 'none',
    syntax: 'FILE',
    meaning: 'access log: a line for each request and each fill',
    parse: file,
  },
  logFormat: {
    default: 'combined',
    syntax: 'combined|json',
    meaning: 'how its lines are written',
    parse: choice('combined', 'json'),
  },
  statusAllow: {
    default: 'none',
    syntax: 'ADDRESS[/BITS]...',
    meaning: 'who besides this machine may see /.offload/status and /.offload/metrics of offload serve',
    many: true,
    parse: addressBlocks,
  },
  debug: {
    default: 'off',
    syntax: 'on|off',
    meaning: 'write each decision to the error log',
    parse: onOff,
  },
  listen: {
    default: '127.0.0.1:8080',
    syntax: 'HOST:PORT|unix:PATH',
    meaning: 'where the built-in server (offload serve) listens',
    parse: listen,
  },
};

export const KEYS = Object.keys(TABLE).filter((key): key is Key => key in TABLE);

/** Directives of the base side, without `Offload`: `offload rules` reads them; a shared file may have them. */
export const BASE_SIDE =
  'Engine Host MinSize ExcludeMimeType ExcludeUserAgent ExcludeAddress Choose OnlyPath ExcludePath LinkDuplicates';
