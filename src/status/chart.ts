import { type Html, html, raw } from './html.js';

/** One column of a chart; also one row of the table that says the same. */
export interface Piece {
  /** Of the time: for the row, and below some of the columns. */
  readonly name: string;
  readonly short: string;
  /** From the bottom up. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** What the values are, in the order of the pieces' values: name and CSS class. */
  readonly kinds: readonly (readonly [name: string, style: string])[];
  readonly pieces: readonly Piece[];
  /** The value at the top. */
  readonly most: number;
  readonly show: (value: number) => string;
  /** In one sentence, for who doesn't see it. */
  readonly says: string;
}

/** Stacked columns. */
export function columns(chart: Chart): Html {
  const { pieces, most, kinds, show } = chart;
  const marks = pieces.map(({ name, values }, i) => {
    let below = 0;
    const rects = values.map((value, kind) => {
      const height = (value / most) * 100;
      below += height;
      return value === 0 ? raw('') : raw(`<rect class="${kinds[kind]?.[1] ?? ''}" x="${round(i + 0.1)}" y="${round(100 - below)}" width="0.8" height="${round(height)}"/>`);
    });
    const tip = html`<title>${name}: ${values.map((value, kind) => `${kinds[kind]?.[0] ?? ''} ${show(value)}`).join(', ')}</title>`;
    return html`<g><rect x="${i}" y="0" width="1" height="100" fill="transparent"/>${rects}${tip}</g>`;
  });
  return figure(chart, html`${marks}`);
}

/** One line through the pieces' only value; broken where a piece has none. `under` fills what is below it. */
export function line(chart: Chart, under?: string): Html {
  const { pieces, most, kinds } = chart;
  const style = kinds[0]?.[1] ?? '';
  const runs: string[][] = [[]];
  pieces.forEach(({ values: [value] }, i) => {
    if (value === undefined) runs.push([]);
    else runs.at(-1)?.push(`${round(i + 0.5)},${round(100 - (value / most) * 100)}`);
  });
  const marks = runs.filter((run) => run.length > 0).map((run) => {
    const [start = '', end = ''] = [run[0], run.at(-1)];
    const area = under === undefined || run.length < 2 ? '' : `<path class="${under}" d="M${start.split(',')[0]},100 L${run.join(' ')} L${end.split(',')[0]},100 Z"/>`;
    return raw(`${area}<path class="${run.length === 1 ? 'dot' : 'line'} ${style}" d="M${run.length === 1 ? `${start} h0` : run.join(' L')}"/>`);
  });
  return figure(chart, html`${marks}`);
}

function figure({ title, kinds, pieces, most, show, says }: Chart, marks: Html): Html {
  const legend = kinds.length < 2 ? html`` : html`<span class="legend">${kinds.toReversed().map(([name, style]) => html`<span><i class="${style}"></i>${name}</span>`)}</span>`;
  const step = Math.max(1, Math.ceil(pieces.length / 6));
  const labels = pieces.flatMap(({ short }, i) => (i % step === Math.floor(step / 2) ? [html`<span style="left:${round(((i + 0.5) / pieces.length) * 100)}%">${short}</span>`] : []));
  return html`<figure>
<figcaption><h2>${title}</h2>${legend}</figcaption>
<div class="plot"><div class="y" aria-hidden="true"><span>${show(most)}</span><span>${show(most / 2)}</span><span>0</span></div>
<div class="area"><svg viewBox="0 0 ${Math.max(1, pieces.length)} 100" preserveAspectRatio="none" role="img" aria-label="${says}">${marks}</svg></div>
<div class="x" aria-hidden="true">${labels}</div></div>
${table(title, kinds, pieces, show)}</figure>`;
}

function table(title: string, kinds: Chart['kinds'], pieces: readonly Piece[], show: Chart['show']): Html {
  const rows = pieces.map(({ name, values }) => html`<tr><th scope="row">${name}</th>${kinds.map((_, i) => html`<td>${values[i] === undefined ? '–' : show(values[i])}</td>`)}</tr>
`);
  const heads = kinds.map(([name]) => html`<th scope="col">${name}</th>`);
  return html`<details><summary>As a table</summary><div class="scroll"><table aria-label="${title}"><thead><tr><th scope="col">time</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

/** A round number of bytes, at least this one, for the top of a chart. */
export function roundBytes(value: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log(Math.max(1, value)) / Math.log(1024)));
  const step = [1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 600, 800, 1024].find((size) => size * unit >= value);
  return (step ?? 1024) * unit;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
