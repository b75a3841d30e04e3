"""The page of results as Markdown: a table of rows, and of what amounts are made of."""

import datetime
from collections.abc import Iterable, Sequence

from rows import Row

DEMANDS = {
    1: "Tokens a second through the whole graph",
    2: "Orchestration",
    3: "Noria's own processor time",
    4: "Memory",
    5: "Novelty",
    6: "From accepted rows to a served student",
    7: "Training",
    8: "Executors",
    0: "Besides",
}
"""What each demand on performance is about, in the order of the page."""

HEAD = """# What it costs

`make bench` writes this page: every bench in its short form, one after another, on the machine that it names. Both
sides of a ratio were measured in the same run, in turn; it stands with its median and, as spread, the least and the
most of its runs. A limit is what the project holds itself to (≥ at least, ≤ at most); a row without one is only told.
DataDesigner and distilabel come from PyPI into environments of their own, other peers are what Noria is installed with.
Noria turns on uvloop, as its command line does, each peer on the loop that it brings.
Where some benches were run anew, the rows of the others stay: an amount of another day is comparable as far as the
machine was as fast, which the processor time of a bare LangGraph (section 3) tells.
Amounts of processor time hang on how Python was built as well: one built without optimisation is called so below.
The command of a row is its long form.
"""

NOTHING = """
Nothing stands here yet: `make bench` has not been run on this tree.
"""


def number(value: float | None, unit: str = "") -> str:
    """A figure of three digits that count."""
    if value is None:
        return "–"
    said = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{said} {unit}" if unit else said


def cell(text: str) -> str:
    """A text that breaks no table."""
    return " ".join(text.replace("|", "\\|").split())


def line(one: Row) -> str:
    """A row of the table."""
    spread = f"{number(one.low)} to {number(one.high)}" if one.ratio is not None else "–"
    limit = f"{'≥' if one.at_least else '≤'} {number(one.limit, one.unit)}" if one.limit is not None else "–"
    met = {True: "met", False: "**missed**", None: "not measured" if one.ratio is None else "told"}[one.met]
    peer = " ".join(part for part in (one.peer, f"({one.peer_version})" if one.peer_version else "") if part)
    cells = (one.what, peer or "–", number(one.ratio, one.unit), spread, limit, met, f"`{one.command}`", one.note)
    return f"| {' | '.join(cell(each) for each in cells)} |"


def table(rows: Iterable[Row]) -> str:
    """Rows as a table."""
    head = "| what | over | figure | spread | limit | | command | note |\n|---|---|---|---|---|---|---|---|"
    return "\n".join((head, *map(line, rows)))


def made_of(one: Row) -> str:
    """What an amount is made of, as a table."""
    lines = [f"| {cell(name)} | {number(part, one.unit)} |" for name, part in one.parts.items()]
    return "\n".join((f"Where it goes ({one.what}):", "", "| part | |", "|---|---|", *lines))


def written(rows: Sequence[Row]) -> str:
    """The whole page."""
    if not rows:
        return HEAD + NOTHING
    machines = sorted({one.hardware for one in rows})
    loads = [one.load for one in rows]
    told = [
        f"Measured on {datetime.date.today().isoformat()}, on {'; '.join(machines)}; load of the machine "
        f"{number(min(loads))} to {number(max(loads))}, the benches' own included.",
        f"{sum(one.met is True for one in rows)} limits are met, {sum(one.met is False for one in rows)} are missed, "
        f"{sum(one.ratio is None for one in rows)} rows could not be measured.",
    ]
    parts = [HEAD.rstrip(), "\n\n".join(told)]
    for demand, title in DEMANDS.items():
        if own := [one for one in rows if one.demand == demand]:
            parts.append(f"## {f'{demand}. ' if demand else ''}{title}")
            parts.append(table(own))
            parts += [made_of(one) for one in own if one.parts]
    return "\n\n".join(parts) + "\n"
