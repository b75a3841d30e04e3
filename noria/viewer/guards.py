"""The guards in plain words: a line a round, every reading, and what followed."""

from collections.abc import Iterator, Sequence
from typing import Any

from noria.viewer.text import printable

FEW = ("acceptance", "signatures", "vendi", "distinct", "pass_at_k", "entropy", "length", "labels", "hacks")
"""What stands in the line of a round."""


def guard_lines(rounds: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line a guarded round: the few figures that matter and the guards that do not rest; what followed below it."""
    for one in rounds:
        if one["cooled"]:
            yield f"Round {one['round']} was cooled: {printable(one['cooled'])}"
        found = one["guards"].get("readings", ())
        if not found:
            continue
        by_name = {read["guard"]: read for read in found}
        few = ", ".join(f"{name.replace('_', ' ')} {short(by_name[name])}" for name in FEW if name in by_name)
        fired = [read["guard"] for read in found if read["state"] == "fired"]
        watched = [read["guard"] for read in found if read["state"] == "watching"]
        ends = [f"fired: {', '.join(fired)}"] * bool(fired) + [f"watching: {', '.join(watched)}"] * bool(watched)
        yield f"Guards of round {one['round']}: {few}; {'; '.join(ends) or 'all ok'}"
        if mix := mixed(one["rows"]):
            yield f"  learned from: {mix}"
        if one["guards"]["why"] and one["guards"]["action"] != "stop":
            yield f"  what followed: {printable(one['guards']['why'])}"
        yield from (f"  {printable(line)}" for line in one["guards"]["report"])


def reading_line(number: int, read: dict[str, Any]) -> str:
    """One reading of one round, whole."""
    said = f"; {printable(read['says'])}" if read["says"] else ""
    state = "watching (too little to tell)" if read["state"] == "watching" else str(read["state"])
    state = "the first round" if read["state"] == "first" else state
    what = read["action"].replace("_", " ")
    return f"  round {number}  {read['guard']}: {state}: {figure(read)}; bound {read['bound']:g}, then {what}{said}"


def figure(read: dict[str, Any]) -> str:
    """A reading's figure with its interval and n."""
    if read["value"] is None:
        return f"{short(read)}, n = {read['n']}"
    return f"{read['value']:.3g} [{read['low']:.3g} to {read['high']:.3g}], n = {read['n']}"


def short(read: dict[str, Any]) -> str:
    """A reading's figure alone; of the first round what it measured."""
    value = read["figures"].get("mean") if read["value"] is None else read["value"]
    return "no figure" if value is None else f"{value:.2f}"


def mixed(rows: dict[str, int]) -> str:
    """What a round's training set is made of: new, replayed and real rows, and those of the generator's role."""
    names = {"new": "new", "replay": "replayed", "anchor": "anchors", "generator": "of the generator's role"}
    whole = sum(rows.get(kind, 0) for kind in names)
    if not whole:
        return ""
    mix = ", ".join(f"{rows[kind]} {name} ({rows[kind] / whole:.0%})" for kind, name in names.items() if rows.get(kind))
    return mix + (f"; {rows['truth']} of the anchors are a program's answers" if rows.get("truth") else "")
