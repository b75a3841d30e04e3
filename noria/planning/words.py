"""A plan, and a plan held against what came, as a person reads them."""

from collections.abc import Iterator, Sequence

from noria.planning.checking import Checked
from noria.planning.plan import STAGES, Plan, Span
from noria.planning.rates import Figure

MEANING = {
    "generate": "tasks are proposed",
    "solve": "tasks are attempted",
    "judge": "critic, adversary and judge",
    "verify": "checks are run, on the hosts' cores",
    "schedule": "Noria itself",
    "train": "students learn",
    "examine": "exams, calibrations, selection",
    "start": "servers come up",
}
"""What is done in each stage."""


def number(value: float) -> str:
    """A figure with three digits that count."""
    for size, unit in ((1e15, "e15"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == " k" else size)
            return f"{scaled:.3g}{unit}" if scaled < 1000 else f"{scaled:,.0f}{unit}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def lasting(seconds: float) -> str:
    """Seconds as a person says them."""
    for size, unit in ((2 * 86400 * 365, "years"), (2 * 86400, "days"), (2 * 3600, "h"), (120, "min")):
        if seconds >= size:
            whole = {"years": 86400 * 365, "days": 86400, "h": 3600, "min": 60}[unit]
            return f"{seconds / whole:,.1f} {unit}"
    return f"{seconds:.3g} s"


def between(one: Span) -> tuple[str, str]:
    """The middle of a figure, and its ends."""
    return number(one.mid), f"{number(one.low)} to {number(one.high)}"


def rows(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """What a run takes: name, middle, ends."""
    yield (
        "accepted of dealt",
        f"{plan.acceptance.mid:.1%}",
        f"{plan.acceptance.low:.1%} to {plan.acceptance.high:.1%}",
    )
    for name, one in (
        ("episodes", plan.episodes), ("prompt tokens", plan.prompt_tokens), ("reply tokens", plan.completion_tokens),
        ("tokens trained", plan.train_tokens),
    ):  # fmt: skip
        yield (name, *between(one))
    yield ("time", lasting(plan.seconds.mid), f"{lasting(plan.seconds.low)} to {lasting(plan.seconds.high)}")
    yield ("disk", f"{number(plan.disk.mid)}B", f"{number(plan.disk.low)}B to {number(plan.disk.high)}B")
    money = plan.money
    yield ("money", f"${money.mid:,.2f}", f"${money.low:,.2f} to ${money.high:,.2f}")


def stages(plan: Plan) -> Iterator[tuple[str, str, str, str]]:
    """What each stage takes alone: name, middle, ends, what it is; the binding one is marked."""
    for name in STAGES:
        one = plan.stages[name]
        mark = "*" if name == plan.binds else " "
        ends = f"{lasting(one.low)} to {lasting(one.high)}" if one.high else ""
        yield f"{mark} {name}", lasting(one.mid) if one.high else "in the others", ends, MEANING[name]


def episode(plan: Plan) -> str:
    """What a dealt episode asks, in a sentence."""
    asked = (
        f"{name} {seat.calls:.2f} calls, {seat.prompt.mean:,.0f} + {seat.completion.mean:,.0f} tokens"
        for name, seat in plan.profile.seats.items()
    )
    return f"A dealt episode: {'; '.join(asked)}."


def figure(one: Figure) -> tuple[str, str, str, str]:
    """A figure that a plan rests on: name, value, kind, source."""
    value = number(one.low) if one.low == one.high else f"{number(one.low)} to {number(one.high)}"
    unit = one.unit if one.unit[:1] in "BF" and value[-1:].isalpha() else f" {one.unit}"
    return one.name, f"{value}{unit}".strip(), one.kind, one.source


def binding(plan: Plan) -> str:
    """Which stage binds, in a sentence."""
    return f"`{plan.binds}` binds: {plan.bound:.0%} of the time is waited for it ({MEANING[plan.binds]})."


def compared(found: Checked) -> Sequence[tuple[str, str, str, str, str]]:
    """Each figure of a check: name, middle, ends, what came, how far apart."""
    return [
        (
            one.name, *between(one.foreseen), number(one.came),
            f"{one.apart:+.0%}{'' if one.within else ', outside'}",
        )
        for one in found.figures
    ]  # fmt: skip
