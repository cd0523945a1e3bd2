import { isLimit } from '../errors.js';
import type { Base, BaseError } from '../base/base.js';
import type { Cache } from '../cache/cache.js';
import type { Record } from '../cache/record.js';
import type { Layout } from '../cache/layout.js';
import type { Log } from '../log.js';
import type { Settings } from '../settings/settings.js';
import type { Request } from './request.js';

/** What the gateway works with. */
export interface GatewayParts {
  readonly settings: Pick<Settings, 'fresh' | 'staleIfError' | 'uncacheable' | 'maxDupeDownloads' | 'trustedProxy'>;
  readonly base: Base;
  /** Undefined if the cache can't be used; its host has said why. Then everything is passed through. */
  readonly storage: { readonly cache: Cache; readonly layout: Layout } | undefined;
  readonly log: Log;
}

/** A request, the path to ask the base for, and what the base has said of it. */
export interface Asked {
  readonly request: Request;
  readonly path: string;
  readonly record: Record;
}

/** The base can't be asked: why, and what a client is told if there is no other way. */
export interface Trouble {
  readonly status: number;
  readonly reason: string;
}

export function troubleOf(error: BaseError): Trouble {
  return { status: error.silent ? 504 : isLimit(error) ? 503 : 502, reason: error.message };
}
