import type { Base } from '../base/base.js';
import { Cache } from '../cache/cache.js';
import { openCache, StorageError } from '../cache/directory.js';
import type { FillStarter } from '../cache/waiter.js';
import { Gateway } from '../gateway/gateway.js';
import type { Log } from '../log.js';
import type { Settings } from '../settings/settings.js';

/** A gateway for these settings. A cache that can't be used is said in the log, and everything is passed through. */
export function openGateway(settings: Settings, base: Base, log: Log, start: FillStarter): Gateway {
  try {
    const layout = openCache(settings);
    return new Gateway({ settings, base, storage: { layout, cache: new Cache(layout, settings, start, log) }, log });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.warn(error.message);
    return new Gateway({ settings, base, storage: undefined, log });
  }
}
