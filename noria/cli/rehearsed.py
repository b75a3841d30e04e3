"""How `noria prompts try` shows what two versions of a template got for the same seeds."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from noria.graphs.rehearsing.rehearsal import Pair, Reply
from noria.viewer.text import printable

SHOWN = 1_200
"""Characters of a reply that are shown; `--json` has it whole."""


def as_rows(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "a": _sum([pair.a for pair in pairs]),
        "b": _sum([pair.b for pair in pairs]),
        "seeds": [
            {"episode": pair.question.dealt.episode, "seed": pair.question.seed, "a": _row(pair.a), "b": _row(pair.b)}
            for pair in pairs
        ],
    }


def _row(reply: Reply) -> dict[str, Any]:
    turn = reply.turn
    return {
        "reply": turn.replies[0] if turn.replies else "", "finish": turn.finish[0] if turn.finish else "",
        "marks": reply.weighed.marks, "said": reply.weighed.said, "seconds": turn.seconds,
        **turn.usage.model_dump(), "messages": [one.model_dump() for one in turn.messages],
    }  # fmt: skip


def _sum(replies: Sequence[Reply]) -> dict[str, Any]:
    marks: dict[str, int] = {}
    for one in replies:
        for name, earned in one.weighed.marks.items():
            marks[name] = marks.get(name, 0) + earned
    count = max(1, len(replies))
    return {
        "version": replies[0].turn.template, "seeds": len(replies), "marks": marks,
        "prompt_tokens": sum(one.turn.usage.prompt_tokens for one in replies) / count,
        "completion_tokens": sum(one.turn.usage.completion_tokens for one in replies) / count,
        "seconds": sum(one.turn.seconds for one in replies) / count,
    }  # fmt: skip


def print_pairs(console: Console, pairs: Sequence[Pair], who: str) -> None:
    """Per seed both replies with their marks, and a line for each version at last."""
    first = pairs[0]
    heat = first.question.ask.temperature
    console.print(f"Asked {who}, at temperature {heat:g}; nothing is written.", markup=False)
    table = Table(expand=True)
    for side, letter in ((first.a, "A, in force"), (first.b, "B, tried")):
        table.add_column(f"{letter}: {side.turn.template}", ratio=1, overflow="fold")
    for at, pair in enumerate(pairs, 1):
        seed = Text(f"{at}. {printable(pair.question.seed)}", style="bold")
        table.add_row(seed, Text(pair.question.dealt.episode, style="dim"))
        table.add_row(_cell(pair.a), _cell(pair.b), end_section=True)
    console.print(table)
    for letter, replies in (("A", [pair.a for pair in pairs]), ("B", [pair.b for pair in pairs])):
        console.print(f"{letter} {_line(_sum(replies))}", markup=False)
    if first.a.turn.template == first.b.turn.template:
        console.print("Both are the same text: what differs is chance.")
    elif heat:
        console.print(
            "Drawn once each: on few seeds two versions differ by chance too. `noria prompts ab` tells them apart."
        )


def _cell(reply: Reply) -> Text:
    turn, found = reply.turn, Text()
    said = printable(turn.replies[0]) if turn.replies else "(nothing)"
    found.append(said if len(said) <= SHOWN else f"{said[:SHOWN]} … {len(said) - SHOWN} more characters")
    found.append("\n")
    for name, earned in reply.weighed.marks.items():
        found.append(f"{'✓' if earned else '✗'} {name}  ", style="green" if earned else "red")
    found.append(f"\n{printable(reply.weighed.said)[:200]}\n", style="italic")
    found.append(f"{turn.usage.prompt_tokens}+{turn.usage.completion_tokens} tokens, {turn.seconds:.1f} s", style="dim")
    return found


def _line(one: dict[str, Any]) -> str:
    marks = ", ".join(f"{name} {count}" for name, count in one["marks"].items())
    return (
        f"{one['version']}: of {one['seeds']} {marks}; "
        f"{one['prompt_tokens']:.0f}+{one['completion_tokens']:.0f} tokens and {one['seconds']:.1f} s a reply"
    )
