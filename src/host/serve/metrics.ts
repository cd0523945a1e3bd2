import type { Entry } from '../../access-log/entry.js';
import { count, type Counts, noCounts } from '../../status/counts.js';
import type { Disk } from '../../status/disk.js';
import type { Running } from './own-pages.js';
import { VERSION } from '../../version.js';

/** What this process did since it began, for Prometheus (its text format 0.0.4). */
export class Metrics {
  readonly #began = Date.now() / 1000;
  readonly #counts: Counts = noCounts();
  readonly #responses = new Map<number, number>();
  readonly #requests = new Map<string, number>();
  #seconds = 0;

  note(entry: Entry): void {
    count(this.#counts, { ...entry, sent: entry.sent ?? '-' });
    if (entry.cache === 'fill') return;
    this.#seconds += entry.ms / 1000;
    this.#responses.set(entry.status, (this.#responses.get(entry.status) ?? 0) + 1);
    const word = entry.cache === '-' ? 'none' : entry.cache;
    this.#requests.set(word, (this.#requests.get(word) ?? 0) + 1);
  }

  text(disk: Disk | undefined, running: Running): string {
    const { sent, handed, pulled, fills, failedFills, cut, left } = this.#counts;
    const lines = [
      ...metric('offload_build_info', 'gauge', 'The version that runs.', [[`{version="${VERSION}"}`, 1]]),
      ...metric('offload_start_time_seconds', 'gauge', 'When the process began, in seconds since 1970.', [['', this.#began]]),
      ...metric('offload_requests_total', 'counter', 'Requests by where the body came from.', labelled('cache', this.#requests)),
      ...metric('offload_responses_total', 'counter', 'Responses by status.', labelled('code', this.#responses)),
      ...metric('offload_request_seconds_total', 'counter', 'Time from request to the end of its response, all requests together.', [['', Number(this.#seconds.toFixed(3))]]),
      ...metric('offload_sent_bytes_total', 'counter', 'Bytes of bodies sent to clients, or handed over to a proxy.', [['', sent]]),
      ...metric('offload_handed_bytes_total', 'counter', 'Of these, bytes handed over to a proxy.', [['', handed]]),
      ...metric('offload_pulled_bytes_total', 'counter', 'Bytes of bodies that the base sent.', [['', pulled]]),
      ...metric('offload_aborted_total', 'counter', 'Bodies that were not sent to their end, by who ended them.', [['{by="client"}', left], ['{by="server"}', cut]]),
      ...metric('offload_fills_total', 'counter', 'Fills that ended.', [['{result="done"}', fills - failedFills], ['{result="failed"}', failedFills]]),
      ...metric('offload_requests_running', 'gauge', 'Requests that are being answered.', [['', running.requests]]),
      ...metric('offload_fills_running', 'gauge', 'Fills that this process runs.', [['', running.fills]]),
    ];
    if (disk !== undefined) {
      if (disk.cache !== null) lines.push(...metric('offload_cache_bytes', 'gauge', 'Bytes of bodies in the cache.', [['', disk.cache]]));
      lines.push(...metric('offload_filesystem_free_bytes', 'gauge', "Bytes free in the cache's file system.", [['', disk.free]]));
      lines.push(...metric('offload_filesystem_size_bytes', 'gauge', "Bytes of the cache's file system.", [['', disk.total]]));
    }
    return `${lines.join('\n')}\n`;
  }
}

type Sample = readonly [labels: string, value: number];

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(([labels, value]) => `${name}${labels} ${value}`)];
}

function labelled(label: string, values: ReadonlyMap<string | number, number>): Sample[] {
  return [...values].map(([value, times]): Sample => [`{${label}="${value}"}`, times]);
}
