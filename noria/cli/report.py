"""A session in tables: what is printed at its end, and by `noria status`."""

from typing import Any

from rich.console import Console
from rich.table import Table

from noria.cli.live import exam_line
from noria.types import Exam, Stage


def print_summary(console: Console, summary: dict[str, Any]) -> None:
    """Print the summary of a session."""
    console.print(f"\nSession {summary['session']}: {summary['finished'] or 'not finished'}", markup=False)
    _rounds(console, summary)
    _samples(console, summary["samples"])
    for data in summary["exams"]:
        console.print(f"Exam of round {data['round']}: {exam_line(Exam.model_validate(data))}", markup=False)
        parts = [f"{one['domain']} {one['parent']}→{one['student']}/{one['items']}" for one in data["domains"]]
        console.print(f"  by domain (right before→after): {', '.join(parts)}", markup=False)
    for one in summary["rounds"]:
        if one["untrained"]:
            console.print(f"Round {one['round']} did not train: {one['untrained']}", markup=False)
    _policies(console, summary["policies"])
    _stages(console, summary)
    _seats(console, summary["seats"])
    session = summary["session"]
    console.print(f"\nRead on:  noria accepted {session}   noria trace {session}   noria exam {session}", markup=False)


def _table(title: str, *columns: str, numbers_from: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < numbers_from else "right")
    return table


def _rounds(console: Console, summary: dict[str, Any]) -> None:
    table = _table("\nFunnel", "round", *(stage.value.replace("_", " ") for stage in Stage))
    for one in summary["rounds"]:
        table.add_row(str(one["round"]), *(str(one["funnel"][stage.value]) for stage in Stage))
    console.print(table)
    refused = ", ".join(f"{reason} {count}" for reason, count in summary["reasons"].items() if reason != "verified")
    console.print(f"Refused: {refused or 'none'}", markup=False)
    for one in summary["rounds"]:
        if judge := one["judge"]:
            veto = "has a veto" if judge["veto"] else "has no veto"
            console.print(
                f"Judge of round {one['round']}: accepted {judge['right_accepted']} of {judge['right']} right "
                f"and rejected {judge['wrong_rejected']} of {judge['wrong']} wrong planted answers; it {veto}",
                markup=False,
            )


def _samples(console: Console, samples: dict[str, Any]) -> None:
    sources = ", ".join(f"{name} {count}" for name, count in sorted(samples["by_source"].items())) or "none"
    domains = ", ".join(f"{name} {count}" for name, count in sorted(samples["by_domain"].items())) or "none"
    worded = samples["worded_by"]
    share = worded["generator"] / max(1, samples["accepted"])
    console.print(f"\nAccepted: {samples['accepted']} samples (answered by: {sources}; {domains})", markup=False)
    console.print(
        f"Worded by the generator itself: {worded['generator']} ({share:.0%}), by the program: {worded['program']}; "
        f"rows kept for the generator's role: {samples['generator_rows']}",
        markup=False,
    )


def _policies(console: Console, policies: list[dict[str, Any]]) -> None:
    table = _table("\nPolicies", "name", "id", "parents", "trained on", "role", numbers_from=9)
    for one in policies:
        rows = one["training"].get("composition", {})
        made = ", ".join(f"{count} {kind}" for kind, count in rows.items() if count) or "-"
        place = "base" if one["base"] else ""
        place += (" and " if place else "") + "student" if one["current"] else ""
        table.add_row(one["name"], one["id"], ", ".join(one["parents"]) or "-", made, place or "kept")
    console.print(table)


def _stages(console: Console, summary: dict[str, Any]) -> None:
    table = _table(
        "\nStages", "round", "stage", "seconds", "prompt tokens", "completion tokens", "tokens/s", numbers_from=2
    )
    for one in summary["rounds"]:
        for name, spent in one["stages"].items():
            rate = spent["completion_tokens"] / spent["seconds"] if spent["seconds"] else 0
            table.add_row(
                str(one["round"]), name, f"{spent['seconds']:.1f}", str(spent["prompt_tokens"]),
                str(spent["completion_tokens"]), f"{rate:.0f}",
            )  # fmt: skip
    console.print(table)
    machine = summary["machine"]
    if machine:
        gigabytes = machine["peak_bytes"] / 1e9
        console.print(f"Wall time {machine['seconds']:.0f} s, peak memory {gigabytes:.1f} GB", markup=False)


def _seats(console: Console, seats: list[dict[str, Any]]) -> None:
    table = _table("\nSeats", "role", "policy", "calls", "prompt tokens", "completion tokens", numbers_from=2)
    for one in seats:
        table.add_row(
            one["role"], one["policy"], str(one["calls"]), str(one["prompt_tokens"]), str(one["completion_tokens"])
        )
    console.print(table)
