import { figure, type Cell, type Column, type Row, type Table } from './table.js';

/** In pixels. */
const LABEL = 330;
const PANEL = 330;
const GAP = 24;
/** Right of the longest bar, for its figure. */
const FIGURE = 80;
const LINE = 22;
const TOP = 78;
const BAR = 12;

/** Colours that tell ours from the others, in light and dark, also for the colour-blind. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .note, .tick { font-size: 11px; fill: #59636e }
  .own { fill: #0969da } .other { fill: #8c959f }
  .grid { stroke: #d1d9e0 } .spread { stroke: #1f2328; stroke-width: 1.5 }
  .back { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note, .tick { fill: #9198a1 }
    .own { fill: #4493f8 } .other { fill: #656c76 }
    .grid { stroke: #3d444d } .spread { stroke: #f0f6fc }
    .back { fill: #0d1117 }
  }
`;

/** A table as an SVG picture: a panel for each charted column, a mark with its spread for each row. */
export function chart(table: Table): string {
  const { title, rows, charted, notes } = table;
  const width = LABEL + charted.length * (PANEL + GAP);
  const bottom = TOP + rows.length * LINE;
  const height = bottom + 34 + notes.length * 15;
  const parts = [
    text(12, 24, title, 'title'),
    ...rows.map((row, i) => text(LABEL - 12, TOP + i * LINE + 15, row.name, undefined, 'end')),
    ...charted.map(({ column, scale }, i) => panel(table, column, scale, LABEL + i * (PANEL + GAP))),
    ...notes.map((note, i) => text(12, bottom + 40 + i * 15, note, 'note')),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="6"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function panel({ columns, rows }: Table, index: number, scale: 'linear' | 'log', left: number): string {
  const column = columns[index] as Column;
  const values = rows.map(({ cells }) => middle(cells[index])).filter((value) => value > 0);
  const axis = scale === 'log' ? logAxis(values) : linearAxis(values);
  const at = (value: number) => left + axis.place(value) * (PANEL - FIGURE);
  const bottom = TOP + rows.length * LINE;
  const named = column.unit === '' ? column.title : `${column.title}, ${column.unit}`;
  return [
    text(left, 48, scale === 'log' ? `${named} (each line: 10 times more)` : named),
    ...axis.ticks.map((tick) => `<line class="grid" x1="${round(at(tick))}" x2="${round(at(tick))}" y1="${TOP - 6}" y2="${bottom}"/>`),
    ...axis.ticks.map((tick) => text(at(tick), TOP - 11, short(tick), 'tick', 'middle')),
    ...rows.map((row, i) => mark(row, column, row.cells[index], scale, at, left, TOP + i * LINE)),
  ].join('\n');
}

/** A bar; on a log scale, where a length means nothing, a dot. */
function mark(
  { own }: Row,
  column: Column,
  cell: Cell | undefined,
  scale: 'linear' | 'log',
  at: (value: number) => number,
  left: number,
  top: number,
): string {
  if (cell === undefined || typeof cell === 'string') return text(left + 4, top + 15, cell ?? '–', 'note');
  const end = Math.max(left + 1, at(middle(cell)));
  const high = typeof cell === 'object' ? at(cell.high) : end;
  const low = typeof cell === 'object' ? Math.max(left, at(cell.low)) : end;
  const y = top + 4 + BAR / 2;
  const style = own ? 'own' : 'other';
  return [
    scale === 'linear'
      ? `<rect class="${style}" x="${left}" y="${top + 4}" width="${round(end - left)}" height="${BAR}" rx="2"/>`
      : `<line class="grid" x1="${left}" x2="${round(end)}" y1="${y}" y2="${y}"/><circle class="${style}" cx="${round(end)}" cy="${y}" r="${BAR / 2 - 1}"/>`,
    high - low > 1 ? `<line class="spread" x1="${round(low)}" x2="${round(high)}" y1="${y}" y2="${y}"/>` : '',
    text(Math.max(end, high) + 8, top + 15, figure(cell, column)),
  ].join('');
}

interface Axis {
  readonly ticks: readonly number[];
  /** From 0 to 1. */
  place(value: number): number;
}

function linearAxis(values: readonly number[]): Axis {
  const most = Math.max(...values, 0.001);
  const step = niceStep(most);
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  return { ticks, place: (value) => Math.min(1, value / most) };
}

/** 1, 2 or 5 times a power of ten; three to six of them make `most`. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 3));
  return power * ([1, 2, 5, 10].find((factor) => most / (power * factor) <= 6) ?? 10);
}

function logAxis(values: readonly number[]): Axis {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.log10(Math.max(...values)));
  const ticks = Array.from({ length: Math.floor(high) - low + 1 }, (_, i) => 10 ** (low + i));
  return { ticks, place: (value) => Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low))) };
}

function middle(cell: Cell | undefined): number {
  if (cell === undefined || typeof cell === 'string') return 0;
  return typeof cell === 'number' ? cell : cell.median;
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1000) return `${value / 1000}k`;
  return String(Number(value.toPrecision(3)));
}

function text(x: number, y: number, content: string, style?: string, anchor?: 'middle' | 'end'): string {
  const attributes = [style === undefined ? '' : ` class="${style}"`, anchor === undefined ? '' : ` text-anchor="${anchor}"`].join('');
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escape(content)}</text>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
