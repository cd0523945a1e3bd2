import type { Summary } from '../measure/statistics.js';

/** A cell: a figure with its spread, a single figure, or words. */
export type Cell = Summary | number | string;

export interface Column {
  readonly title: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
}

export interface Row {
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Ours, to be told from the others in the chart. */
  readonly own: boolean;
}

/** What one part measured, side by side in one run. */
export interface Table {
  /** Names its files in docs/bench. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Which columns the chart shows, one panel each; log: they span orders of magnitude. */
  readonly charted: readonly { readonly column: number; readonly scale: 'linear' | 'log' }[];
  /** How it was measured, what was left out and why; one line each. */
  readonly notes: readonly string[];
}

export function figure(cell: Cell, { digits }: Column): string {
  if (typeof cell === 'string') return cell;
  return spaced(typeof cell === 'number' ? cell : cell.median, digits);
}

/** 12 345.6: groups of three without a comma that some read as a point. */
function spaced(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  const [whole = '', rest] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

function spread(cell: Cell, { digits }: Column): string {
  if (typeof cell !== 'object' || cell.count < 2) return '';
  return ` (${spaced(cell.low, digits)}–${spaced(cell.high, digits)})`;
}

/** For a terminal: figures right-aligned, each with its quartiles. */
export function tableText({ title, columns, rows, notes }: Table): string {
  const head = ['', ...columns.map((column) => (column.unit === '' ? column.title : `${column.title}, ${column.unit}`))];
  const lines = rows.map(({ name, cells }) => [
    name,
    ...columns.map((column, i) => figure(cells[i] ?? '–', column) + spread(cells[i] ?? '', column)),
  ]);
  const widths = head.map((text, i) => Math.max(text.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    line.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ').trimEnd();
  return [title, '', format(head), ...lines.map(format), '', ...notes.map((note) => `  ${note}`), ''].join('\n');
}
