import { appendEntry } from '../../access-log/append.js';
import { entryOf, type Sent, type Tally } from '../../access-log/entry.js';
import type { Reply } from '../../gateway/reply.js';
import type { Request } from '../../gateway/request.js';
import type { Log } from '../../log.js';
import type { Settings } from '../../settings/settings.js';

/** What is counted of one request; `settle` writes its line to the access log, once. */
export interface Account {
  readonly tally: Tally;
  settle(sent: Sent): void;
}

/** `reply` is the gateway's, `sending` the one that goes to the web server. */
export function openAccount(request: Request, reply: Reply, sending: Reply, protocol: string, settings: Settings, log: Log): Account {
  const tally = { bytes: 0, pulled: 0 };
  let open = settings.log !== undefined;
  const settle = (how: Sent) => {
    if (!open) return;
    open = false;
    const sent = how === 'all' && sending.body.kind !== reply.body.kind ? 'handed' : how;
    // Node's own start is a part of what the client waited for.
    const measured = { time: performance.timeOrigin, ms: Math.round(performance.now()), protocol, sent };
    appendEntry(entryOf(request, reply, tally, settings.trustedProxy, measured), settings, log);
  };
  // A web server ends a script so when its client has left.
  if (open) {
    process.once('SIGTERM', () => {
      settle('left');
      process.exit(143);
    });
  }
  return { tally, settle };
}
