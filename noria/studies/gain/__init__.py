"""The study of gain: does the wheel lift anything, and how much of what could be lifted?

raw ─► warm ─┬─► verified   what the loop verified ┐
             ├─► random     any answer             ├─ equal tasks dealt, rows learned, steps taken
             ├─► formed     any answer in form     │
             └─► ceiling    what programs write    ┘
all of them ─► the same test items ─► gain.json ─► gain.md
"""
