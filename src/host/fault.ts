import { isLimit } from '../errors.js';
import { type Reply, textReply } from '../gateway/reply.js';
import type { Log } from '../log.js';

/** What a client is told of a fault of this program, or of a limit of the machine: the reason is for the log. */
export function faultReply(error: unknown, log: Log): Reply {
  log.warn(`fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return isLimit(error) ? busyReply() : textReply(500, 'This server has a fault; its error log says which.');
}

/** RFC 9110 §15.6.4. */
export function busyReply(): Reply {
  return textReply(503, 'This server is busy.', [['Retry-After', '10']]);
}
