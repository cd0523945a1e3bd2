import type { Entry } from '../../access-log/entry.js';
import { Layout } from '../../cache/layout.js';
import { clientAddress, isTrusted, UNIX_PEER } from '../../gateway/client-address.js';
import { nothing, type Reply, textReply } from '../../gateway/reply.js';
import type { Request } from '../../gateway/request.js';
import { listMembers } from '../../http/fields.js';
import type { Log } from '../../log.js';
import type { Settings } from '../../settings/settings.js';
import { diskOf } from '../../status/disk.js';
import { runningFills } from '../../status/fills.js';
import { History } from '../../status/history.js';
import { LoggedHistory } from '../../status/logs.js';
import { PAGE_POLICY, statusPage } from '../../status/page.js';
import { reportOf } from '../../status/report.js';
import { Metrics } from './metrics.js';

const STATUS = '/.offload/status';
const METRICS = '/.offload/metrics';

/** What is being done, right now. */
export interface Running {
  readonly requests: number;
  readonly fills: number;
}

/** A page is shown again for so long, in milliseconds: whoever reloads it doesn't keep us from serving. */
const SHOWN = 3000;

/** The server's own pages, `/.offload/status` and `/.offload/metrics`, and the counters that they show. */
export class OwnPages {
  readonly #metrics = new Metrics();
  /** Without a log: since the start of this process. */
  readonly #history = new History();
  readonly #layout: Layout;
  #shown: { readonly until: number; readonly page: Promise<string> } | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {
    this.#layout = new Layout(settings.cacheDir);
  }

  /** Counts a request, or a fill. */
  note(entry: Entry): void {
    this.#metrics.note(entry);
    if (this.settings.log === undefined) this.#history.add({ ...entry, sent: entry.sent ?? '-' });
  }

  /** The page that is asked for; undefined if it is none of ours, or not for this client: then the base is asked, as for any file. */
  answer(request: Request, httpVersion: string, running: Running): Promise<Reply> | undefined {
    const { target, method } = request;
    if ((target !== STATUS && target !== METRICS) || (method !== 'GET' && method !== 'HEAD')) return undefined;
    return mayRead(request, httpVersion, this.settings) ? this.#answer(target, method === 'HEAD', running) : undefined;
  }

  async #answer(target: string, head: boolean, running: Running): Promise<Reply> {
    if (target === METRICS) return ownReply(this.#metrics.text(diskOf(this.#layout, this.settings), running), 'text/plain; version=0.0.4; charset=utf-8', head);
    try {
      return ownReply(await this.#page(), 'text/html; charset=utf-8', head);
    } catch (error) {
      this.log.warn(`${STATUS}: ${String(error)}`);
      return textReply(500, 'The log cannot be read; the error log says why.', [['Cache-Control', 'no-store']], head);
    }
  }

  #page(): Promise<string> {
    const now = Date.now();
    if (this.#shown === undefined || this.#shown.until < now) this.#shown = { until: now + SHOWN, page: this.#make(now) };
    return this.#shown.page;
  }

  async #make(now: number): Promise<string> {
    const { base, log } = this.settings;
    const layout = this.#layout;
    const disk = diskOf(layout, this.settings);
    const size = disk?.cache ?? undefined;
    if (size !== undefined) this.#history.noteSize(now, size);
    const history = log === undefined ? this.#history : await new LoggedHistory(log, layout).update(now, size);
    const report = reportOf({ base: base.href, layout, log, history, fills: await runningFills(layout), disk }, now, ['hour', 'day', 'month']);
    return statusPage(report, history, now);
  }
}

function ownReply(text: string, type: string, head: boolean): Reply {
  const bytes = Buffer.from(text, 'utf8');
  const fields = [
    ['Content-Type', type],
    ['Content-Length', String(bytes.length)],
    ['Cache-Control', 'no-store'],
    ['Content-Security-Policy', `${PAGE_POLICY}; frame-ancestors 'none'`],
    ['X-Content-Type-Options', 'nosniff'],
  ] as const;
  return { status: 200, fields, body: head ? { kind: 'none' } : { kind: 'text', bytes }, close: nothing };
}

/** By these a proxy gives itself away. */
const OF_PROXIES = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/**
 * Whether a client may see how this server does: one that OffloadStatusAllow lists, or one of this machine. Behind a proxy on
 * this machine every client comes from here, so that counts only where nothing speaks of a proxy: no field of one, no
 * HTTP/1.0 (nginx's usual way), and a Host that only this machine has (which also keeps a browser's foreign page out).
 */
function mayRead(request: Request, httpVersion: string, { trustedProxy, statusAllow }: Pick<Settings, 'trustedProxy' | 'statusAllow'>): boolean {
  const peer = clientAddress(request, []);
  const client = clientAddress(request, trustedProxy);
  const relayed = OF_PROXIES.some((name) => request.field(name) !== undefined);
  const proxy = isTrusted(request.remoteAddress, trustedProxy);
  // A proxy that isn't trusted, or doesn't say whom it speaks for.
  if (client === UNIX_PEER || (relayed && (!proxy || client === peer))) return false;
  if (statusAllow.length > 0 && isTrusted(client, statusAllow)) return true;
  if (relayed || proxy || httpVersion === '1.0' || listMembers(request.field('host')).length !== 1) return false;
  return /^(?:127\.|::1$)/.test(client) && /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i.test(request.field('host') ?? '');
}
