"""The look that zdsync's pages share: colours for light and dark, cards, sections and tables; nothing is fetched."""

from __future__ import annotations

BASE = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1c2530; --faint: #66717f;
  --line: #e2e6eb; --good: #1a7f4b; --bad: #c2332b; --accent: #2f6fde; }
@media (prefers-color-scheme: dark) { :root { --back: #12161b; --card: #1b2128; --text: #e4e9ef; --faint: #93a0ae;
  --line: #2c353f; --good: #4cc38a; --bad: #ff7b72; --accent: #7aa7f8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 64rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.35rem; } h2 { margin: 0 0 .5rem; font-size: 1rem; }
header p, footer { margin: 0; color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(2, 1fr); gap: .75rem; margin: 0 0 .75rem; }
@media (min-width: 36rem) { .cards { grid-template-columns: repeat(3, 1fr); } }
@media (min-width: 60rem) { .cards { grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); } }
.cards div, section { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
.cards dt { color: var(--faint); font-size: .85rem; } .cards dd { margin: 0; font-size: 1.25rem; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); }
section { margin-bottom: .75rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { color: var(--faint); font-weight: 500; font-size: .85rem; text-align: left; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; }
"""
