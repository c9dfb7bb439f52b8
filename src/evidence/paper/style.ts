/** Quiet on a screen by day and by night, and black on white on paper. */
export const style = `:root {
  color-scheme: light dark;
  --ink: #1c1e21; --quiet: #565b63; --line: #d5d8dd; --paper: #ffffff; --shade: #f4f5f7; --link: #1a4f8b;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --quiet: #a4abb5; --line: #3a3f46; --paper: #16181b; --shade: #202328; --link: #8fbcf0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
header { border-bottom: 2px solid var(--ink); margin-bottom: 2rem; }
header p { color: var(--quiet); font-size: 1.15rem; margin: 0 0 1rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; }
p, ul, dl { margin: 0 0 .8rem; max-width: 48rem; }
ul { padding-left: 1.2rem; }
li { margin-bottom: .3rem; overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, .table:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
section { border-top: 1px solid var(--line); padding: 2rem 0 1rem; }
header + main > section:first-child { border-top: 0; padding-top: 0; }
.part, .quiet, figcaption, caption, nav span, footer { color: var(--quiet); }
.part { font-size: .9rem; margin: 0 0 .2rem; }
.quiet { font-size: .9rem; overflow-wrap: anywhere; }
dl { max-width: none; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: .25rem 1.25rem; padding: .3rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", monospace; font-size: .86em; }
code { overflow-wrap: anywhere; }
pre code { font-size: inherit; }
figure { margin: 0 0 .8rem; }
figcaption, caption { font-size: .9rem; text-align: left; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: .25rem; margin: .2rem 0 0; padding: .6rem .8rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.table { overflow-x: auto; margin: 0 0 .8rem; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; min-width: 46rem; font-size: .84rem; }
caption { padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 600; border-bottom: 1px solid var(--ink); }
th.right, td.right { text-align: right; padding-right: 1.2rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }
nav { border-top: 1px solid var(--line); padding: 2rem 0 1rem; }
nav ul { list-style: none; padding: 0; max-width: none; }
nav li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; border-bottom: 1px solid var(--line); padding: .2rem 0; margin: 0; }
footer { border-top: 1px solid var(--line); padding-top: 1rem; font-size: .9rem; }
@media (max-width: 40rem) { dl div { grid-template-columns: 1fr; gap: 0; } }
@media print {
  :root { --ink: #000; --quiet: #444; --line: #bbb; --paper: #fff; --shade: #f4f4f4; --link: #000; }
  @page { margin: 18mm 16mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  section, nav { break-before: page; border-top: 0; padding-top: 0; }
  header + main > section:first-child { break-before: auto; }
  h2, h3, caption, figcaption { break-after: avoid; }
  tr, figure, dl div { break-inside: avoid; }
  .table { overflow: visible; }
  table { min-width: 0; font-size: 8pt; }
}
`;
