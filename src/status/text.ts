import type { Colours } from '../cli/colour.js';
import { amount, bytes, percent } from './numbers.js';
import type { Period, PeriodReport, Report } from './report.js';

type Row = readonly [name: string, show: (period: PeriodReport) => string];

const ROWS: readonly Row[] = [
  ['requests', ({ requests }) => amount(requests)],
  ['hit ratio', ({ hitRatio }) => percent(hitRatio ?? undefined)],
  ['  from the cache', ({ hits }) => amount(hits)],
  ['  following a fill', ({ follows }) => amount(follows)],
  ['  beginning a fill', ({ misses }) => amount(misses)],
  ['  passed through', ({ passes }) => amount(passes)],
  ['sent to clients', ({ sent }) => bytes(sent)],
  ['pulled from the base', ({ pulled }) => bytes(pulled)],
  ['spared the base', (period) => bytes(period.spared)],
  ['fills', ({ fills }) => amount(fills)],
  ['  given up', ({ failedFills }) => amount(failedFills)],
  ['errors (5xx)', ({ errors }) => amount(timesOf(errors, 500, 599))],
  ['refused (4xx)', ({ errors }) => amount(timesOf(errors, 400, 499))],
  ['broken off here', ({ cut }) => amount(cut)],
  ['left by the client', ({ left }) => amount(left)],
];

export function timesOf(errors: PeriodReport['errors'], from: number, to: number): number {
  return errors.reduce((sum, { status, times }) => sum + (status >= from && status <= to ? times : 0), 0);
}

/** What `offload status` writes: at most 80 columns, but for long URLs, each line with its line feed. */
export function statusText(report: Report, { bold, dim, yellow }: Colours): string {
  const periods = Object.entries(report.periods) as [Period, PeriodReport][];
  const lines = [
    `${bold('offload')} ${report.base}`,
    dim(`cache ${report.cacheDir}, log ${report.log ?? 'none'}`),
    '',
    ...(report.log === null ? [yellow('No log is kept, so nothing is known of requests: set OffloadLog.'), ''] : []),
    ...figures(periods, bold, dim),
    ...section(bold('Fills running'), fillLines(report)),
    ...section(bold(`Top files, last ${periods.at(-1)?.[0] ?? ''}`), topLines(periods.at(-1)?.[1])),
    ...section(bold('Disk'), diskLines(report)),
  ];
  return `${lines.join('\n').replaceAll('\u00a0', ' ').trimEnd()}\n`;
}

function figures(periods: readonly [Period, PeriodReport][], bold: (text: string) => string, dim: (text: string) => string): string[] {
  if (periods.length === 0) return [];
  const cells = (name: string, texts: readonly string[]) => name.padEnd(24) + texts.map((text) => text.padStart(14)).join('');
  const since = periods.map(([, period]) => sinceText(period.since));
  return [
    bold(cells('last', periods.map(([name]) => name))),
    dim(cells('since', since)),
    ...ROWS.map(([name, show]) => cells(name, periods.map(([, period]) => show(period)))),
    '',
  ];
}

/** Local time, like `11-22 16:50`. */
function sinceText(since: string): string {
  const time = new Date(since);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function fillLines({ fills }: Report): string[] {
  if (fills === null) return ['cannot be told on this system'];
  if (fills.length === 0) return ['none'];
  return fills.map(({ url, here, length, speed, followers }) => {
    const figure = `${percent(here / length).padStart(6)}  ${bytes(here)} of ${bytes(length)}, ${bytes(speed)}/s`;
    return `${figure}, ${followers} follow${followers === 1 ? 's' : ''}  ${url}`;
  });
}

function topLines(period: PeriodReport | undefined): string[] {
  return (period?.top ?? []).map((file) => `${bytes(file.bytes).padStart(10)}  ${`${amount(file.requests)} ×`.padStart(9)}  ${file.url}`);
}

function diskLines({ disk }: Report): string[] {
  if (disk === null) return ['the cache directory is not there yet'];
  const used = disk.cache === null ? 'not counted yet' : `${bytes(disk.cache)}${disk.limit === null ? '' : ` of at most ${bytes(disk.limit)}`}`;
  return [`cache        ${used}`, `file system  ${bytes(disk.free)} free of ${bytes(disk.total)}; ${bytes(disk.keepFree)} are kept free`];
}
