import { VERSION } from '../version.js';
import { columns, line, type Piece, roundBytes } from './chart.js';
import { type Counts, hitRatio, spared } from './counts.js';
import { DAY, type History, HOUR } from './history.js';
import { type Html, html, raw } from './html.js';
import { amount, bytes, percent } from './numbers.js';
import { type Period, type PeriodReport, PERIODS, type Report } from './report.js';
import { STYLE } from './style.js';
import { timesOf } from './text.js';

/** Nothing of this page loads anything, whatever a hostile URL in it says. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The whole of `offload status` as one page that needs nothing else. `now` is what the report was made with. */
export function statusPage(report: Report, history: History | undefined, now: number): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}">
<meta name="robots" content="noindex">
<title>offload · ${report.base}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body><main>
<header><h1>${report.base.replace(/^https?:\/\//, '')}</h1>
<p class="quiet">offload ${VERSION} · <time datetime="${report.time}">${fullTime(now)}</time> · ${report.log === null ? 'no log' : `log ${report.log}`}</p></header>
${history === undefined || history.isEmpty ? nothingYet(report) : traffic(report, history, now)}
</main></body>
</html>
`.markup;
}

function nothingYet(report: Report): Html {
  return html`${whyNothing(report)}<div class="two">${fills(report)}${disk(report)}</div>`;
}

function whyNothing({ log }: Report): Html {
  if (log === null) return html`<section><h2>No log is kept</h2><p>So nothing is known of requests. <code>OffloadLog /var/log/offload/access.log</code> in the settings changes that.</p></section>`;
  return html`<section><h2>No requests yet</h2><p>Nothing was asked for in the last 30 days. Charts appear with the first download.</p></section>`;
}

function traffic(report: Report, history: History, now: number): Html {
  const { periods } = report;
  const zone = -new Date(now).getTimezoneOffset() * 60_000;
  const hours = history.series(now, PERIODS.day, HOUR, zone).map((piece) => ({ ...piece, name: hourName(piece.start), short: hourShort(piece.start) }));
  const days = history.series(now, PERIODS.month, DAY, zone).map((piece) => ({ ...piece, name: dayName(piece.start), short: dayShort(piece.start) }));
  return html`${keyFigures(periods.day, periods.month)}
<div class="two"><section>${trafficChart('Traffic, last 24 hours', hours)}</section><section>${trafficChart('Traffic, last 30 days', days)}</section></div>
<div class="two"><section>${ratioChart('Hit ratio, last 24 hours', hours)}</section><section>${ratioChart('Hit ratio, last 30 days', days)}</section></div>
<div class="two"><section>${topFiles(periods.month)}</section><div class="stack"><section>${sizeChart(history, now)}</section>${fills(report)}${disk(report)}</div></div>
${figures(report)}`;
}

function keyFigures(day: PeriodReport | undefined, month: PeriodReport | undefined): Html {
  if (day === undefined || month === undefined) return html``;
  const card = (name: string, show: (period: PeriodReport) => string) =>
    html`<section><dl><dt>${name}, last 24 hours</dt><dd><span class="figure">${show(day)}</span></dd><dd class="quiet">${show(month)} in 30 days</dd></dl></section>`;
  return html`<div class="key">${[
    card('Spared the base', (period) => bytes(period.spared)),
    card('Hit ratio', (period) => percent(period.hitRatio ?? undefined)),
    card('Sent to clients', ({ sent }) => bytes(sent)),
    card('Requests', ({ requests }) => amount(requests)),
  ]}</div>`;
}

interface Timed {
  readonly name: string;
  readonly short: string;
  readonly counts: Counts;
}

function trafficChart(title: string, times: readonly Timed[]): Html {
  const pieces = times.map(({ name, short, counts }): Piece => ({ name, short, values: [counts.pulled, spared(counts)] }));
  const most = roundBytes(Math.max(1024, ...pieces.map(({ values: [pulled = 0, rest = 0] }) => pulled + rest)));
  const sum = (at: number) => bytes(pieces.reduce((total, { values }) => total + (values[at] ?? 0), 0));
  const says = `${title}: ${sum(1)} spared the base, ${sum(0)} pulled from it.`;
  return columns({ title, pieces, most, says, show: bytes, kinds: [['pulled from the base', 'pulled'], ['spared the base', 'spared']] });
}

function ratioChart(title: string, times: readonly Timed[]): Html {
  const pieces = times.map(({ name, short, counts }): Piece => {
    const ratio = hitRatio(counts);
    return { name, short, values: ratio === undefined ? [] : [ratio] };
  });
  const known = pieces.flatMap(({ values }) => values);
  const says = known.length === 0 ? `${title}: no downloads.` : `${title}: between ${percent(Math.min(...known))} and ${percent(Math.max(...known))}.`;
  return line({ title, pieces, most: 1, says, show: percent, kinds: [['hit ratio', 'ratio']] });
}

function sizeChart(history: History, now: number): Html {
  const title = 'Size on disk, last 30 days';
  const sizes = history.sizes(now, PERIODS.month);
  const days = new Map(sizes.map(({ time, bytes: size }) => [dayName(time), { time, size }]));
  const first = sizes[0]?.time ?? now;
  // Of each day the last figure; from the first day that has one, but at least a week.
  const start = Math.min(first, now - 6 * DAY);
  const pieces: Piece[] = [];
  for (let time = now; time >= start - HOUR; time -= DAY) {
    const size = days.get(dayName(time))?.size;
    pieces.unshift({ name: dayName(time), short: dayShort(time), values: size === undefined ? [] : [size] });
  }
  const most = roundBytes(Math.max(1024, ...sizes.map(({ bytes: size }) => size)));
  const last = sizes.at(-1);
  const says = last === undefined ? `${title}: not looked at yet.` : `${title}: now ${bytes(last.bytes)}.`;
  return line({ title, pieces, most, says, show: bytes, kinds: [['size of the cache', 'size']] }, 'under');
}

function topFiles(period: PeriodReport | undefined): Html {
  const files = period?.top ?? [];
  const most = files[0]?.bytes ?? 1;
  const rows = files.map(({ url, requests, bytes: sent }) => html`<tr><td class="url">${url}<div class="bar" aria-hidden="true"><span class="spared" style="width:${Math.max(1, Math.round((sent / most) * 100))}%"></span></div></td><td>${amount(requests)}</td><td>${bytes(sent)}</td></tr>
`);
  if (rows.length === 0) return html`<h2>Top files, last 30 days</h2><p class="quiet">None was sent.</p>`;
  return html`<h2>Top files, last 30 days</h2><table><thead><tr><th scope="col" class="url">file</th><th scope="col">requests</th><th scope="col">sent</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function fills({ fills: running }: Report): Html {
  if (running === null) return html`<section><h2>Fills running</h2><p class="quiet">This can’t be told on this system.</p></section>`;
  const items = running.map(({ url, here, length, speed, followers }) => html`<div class="fill">${url}
<div class="bar" role="progressbar" aria-label="${url}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${Math.floor((here / length) * 100)}"><span class="pulled" style="width:${Math.floor((here / length) * 100)}%"></span></div>
<p class="quiet">${percent(here / length)} of ${bytes(length)} · ${bytes(speed)}/s · ${followers} follow${followers === 1 ? 's' : ''}</p></div>
`);
  return html`<section><h2>Fills running</h2>${items.length === 0 ? html`<p class="quiet">None: nothing is being pulled from the base.</p>` : items}</section>`;
}

function disk({ disk: space, cacheDir }: Report): Html {
  if (space === null) return html`<section><h2>Disk</h2><p class="quiet">${cacheDir} is not there yet.</p></section>`;
  const { cache, free, total, keepFree, limit } = space;
  const used = cache ?? 0;
  const share = (part: number) => `${Math.max(0, Math.min(100, (part / total) * 100)).toFixed(1)}%`;
  const says = `${bytes(used)} in the cache, ${bytes(free)} of ${bytes(total)} free`;
  return html`<section><h2>Disk</h2>
<p>${cache === null ? 'Size of the cache not known' : html`${bytes(cache)} in the cache${limit === null ? '' : ` of at most ${bytes(limit)}`}`}, ${bytes(free)} of ${bytes(total)} free</p>
<div class="bar" role="img" aria-label="${says}"><span class="used" style="width:${share(used)}"></span><span class="other" style="width:${share(total - free - used)}"></span></div>
<p class="quiet">${cacheDir} · ${bytes(keepFree)} are kept free</p></section>`;
}

const ROWS: readonly (readonly [name: string, show: (period: PeriodReport) => string, style?: 'sub'])[] = [
  ['Requests', ({ requests }) => amount(requests)],
  ['Downloads', ({ answers }) => amount(answers)],
  ['from the cache', ({ hits }) => amount(hits), 'sub'],
  ['following a fill', ({ follows }) => amount(follows), 'sub'],
  ['beginning a fill', ({ misses }) => amount(misses), 'sub'],
  ['passed through', ({ passes }) => amount(passes), 'sub'],
  ['Hit ratio', (period) => percent(period.hitRatio ?? undefined)],
  ['Sent to clients', ({ sent }) => bytes(sent)],
  ['Pulled from the base', ({ pulled }) => bytes(pulled)],
  ['Spared the base', (period) => bytes(period.spared)],
  ['Fills', ({ fills: count }) => amount(count)],
  ['given up', ({ failedFills }) => amount(failedFills), 'sub'],
  ['Errors (5xx)', ({ errors }) => amount(timesOf(errors, 500, 599))],
  ['Refused (4xx)', ({ errors }) => amount(timesOf(errors, 400, 499))],
  ['Broken off here', ({ cut }) => amount(cut)],
  ['Left by the client', ({ left }) => amount(left)],
];

function figures({ periods }: Report): Html {
  const shown = (Object.keys(PERIODS) as Period[]).flatMap((period) => (periods[period] === undefined ? [] : [{ name: period, figures: periods[period] }]));
  const rows = ROWS.map(([name, show, style]) => html`<tr class="${style ?? ''}"><th scope="row">${name}</th>${shown.map((period) => html`<td>${show(period.figures)}</td>`)}</tr>
`);
  const errors = periods.month?.errors.map(({ status }) => html`<tr class="sub"><th scope="row">${status}</th>${shown.map((period) => html`<td>${amount(timesOf(period.figures.errors, status, status))}</td>`)}</tr>
`) ?? [];
  return html`<section><h2>Figures</h2><div class="scroll"><table><thead><tr><th scope="col">last</th>${shown.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows}${errors.length === 0 ? html`` : html`<tr><th scope="row">By status</th>${shown.map(() => html`<td></td>`)}</tr>${errors}`}</tbody></table></div></section>`;
}

function fullTime(time: number): string {
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

function hourName(time: number): string {
  return new Date(time).toLocaleString('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit' });
}

function hourShort(time: number): string {
  return `${String(new Date(time).getHours()).padStart(2, '0')}:00`;
}

function dayName(time: number): string {
  return new Date(time).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
}

function dayShort(time: number): string {
  return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}
