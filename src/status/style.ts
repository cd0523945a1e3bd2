/** The page's only style sheet: system fonts, two colour schemes, one column on a phone. Both schemes keep a contrast of 4.5 for text. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #dfe3e8; --text: #1b2026; --quiet: #59636e;
  --spared: #0d8a7f; --pulled: #d9822b; --ratio: #2f6fdb; --size: #7a5bc7; --bad: #b42318; --track: #e9ecf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1b2128; --line: #303842; --text: #e8ebef; --quiet: #9aa5b1;
    --spared: #3dbdb0; --pulled: #eda24e; --ratio: #7aa8f7; --size: #b39bf0; --bad: #ff8a7a; --track: #2a323b;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { margin-bottom: 1.5rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; font-size: 1.0625rem; letter-spacing: -.005em; }
p { margin: .25rem 0; }
.quiet { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.125rem; margin-top: 1rem; min-width: 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); column-gap: 1rem; align-items: start; }

.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 12rem), 1fr)); gap: 1rem; }
.key section { margin: 0; }
.key dt { color: var(--quiet); font-size: .875rem; }
.key dd { margin: 0; }
.key .figure { font-size: 1.75rem; line-height: 1.25; font-weight: 650; letter-spacing: -.02em; }
dl { margin: 0; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1rem; margin-bottom: .75rem; }
figcaption h2 { margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .125rem 1rem; font-size: .8125rem; color: var(--quiet); }
.legend i { display: inline-block; width: .625rem; height: .625rem; border-radius: .125rem; margin-right: .375rem; }
.plot { display: grid; grid-template-columns: auto 1fr; column-gap: .5rem; font-size: .75rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; height: 9.75rem; line-height: 1; margin: -.375rem 0; white-space: nowrap; }
.area { height: 9rem; background: linear-gradient(var(--line), var(--line)) 0 0/100% 1px no-repeat, linear-gradient(var(--line), var(--line)) 0 50%/100% 1px no-repeat, linear-gradient(var(--line), var(--line)) 0 100%/100% 1px no-repeat; }
.area svg { display: block; width: 100%; height: 100%; overflow: visible; }
.x { grid-column: 2; position: relative; height: 1.25rem; margin-top: .375rem; white-space: nowrap; overflow: hidden; }
.x span { position: absolute; transform: translateX(-50%); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.dot { stroke-width: 6; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.spared { fill: var(--spared); background: var(--spared); } .pulled { fill: var(--pulled); background: var(--pulled); }
.ratio { stroke: var(--ratio); background: var(--ratio); } .size { stroke: var(--size); background: var(--size); }
.under { fill: var(--size); opacity: .18; }
details { margin-top: .75rem; font-size: .875rem; } summary { color: var(--quiet); cursor: pointer; width: max-content; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3125rem 0 .3125rem .875rem; border-top: 1px solid var(--line); vertical-align: baseline; white-space: nowrap; }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 400; }
td.url, th.url { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
tr.sub th { padding-left: 1rem; color: var(--quiet); }
.bad { color: var(--bad); }
.bar { display: flex; height: .5rem; margin-top: .25rem; border-radius: .25rem; overflow: hidden; background: var(--track); }
.bar span { display: block; min-width: 1px; }
.fill { padding: .5rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; } .fill:first-of-type { border-top: 0; padding-top: 0; }
.used { background: var(--size); } .other { background: var(--quiet); opacity: .45; }
@media (max-width: 34rem) {
  main { padding: 1rem .75rem 2rem; }
  section { padding: .875rem; }
  .key { grid-template-columns: 1fr 1fr; gap: .75rem; } .key .figure { font-size: 1.375rem; }
  .x span:nth-child(even) { display: none; }
  th, td { padding-left: .5rem; } tr.sub th { padding-left: .5rem; } table { font-size: .8125rem; }
  tbody th { white-space: normal; }
}
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--track); padding: .0625rem .25rem; border-radius: .25rem; }
`;
