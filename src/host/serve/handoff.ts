import { isTrusted } from '../../gateway/client-address.js';
import type { Reply } from '../../gateway/reply.js';
import type { Request } from '../../gateway/request.js';
import type { Settings } from '../../settings/settings.js';
import { handOver } from '../handoff.js';

/** By this field a proxy says that it could not open the object that we named: it wants the bytes. */
export const NO_HANDOFF = 'X-Offload-Handoff';

type ProxySettings = Pick<Settings, 'handoff' | 'maxDupeDownloads' | 'trustedProxy' | 'cacheDir'>;

/**
 * What goes out: the reply, or one that names its object to the proxy in front of us (OffloadHandoff). Only to a proxy
 * that OffloadTrustedProxy names: a client that comes past it would get a path of ours, and no body.
 */
export function toProxy(settings: ProxySettings, request: Request, reply: Reply): Reply {
  const { handoff, maxDupeDownloads, trustedProxy } = settings;
  if (handoff === undefined || maxDupeDownloads > 0 || request.field(NO_HANDOFF.toLowerCase()) === 'none') return reply;
  // The other ways are a script's.
  if (handoff.way !== 'x-sendfile' && handoff.way !== 'x-accel-redirect') return reply;
  if (!isTrusted(request.remoteAddress, trustedProxy)) return reply;
  const handed = handOver(request, reply, handoff, settings);
  return handed === reply ? reply : { ...handed, fields: [...handed.fields, ['Content-Length', '0']] };
}
