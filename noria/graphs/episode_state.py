"""What an episode carries from step to step; the note beside a field names the steps that write it."""

from typing import Any

from typing_extensions import TypedDict

from noria.evaluators import gate
from noria.graphs import candidate
from noria.types import Attack, Attempt, Check, Critique, Dealt, Episode, Reason, Sample, Stage, Task, Verdict


class State(TypedDict, total=False):
    """One candidate on its way."""

    dealt: Dealt  # the session
    reply: str  # propose
    draft: candidate.Draft  # form, revise
    task: Task  # ground
    drafts: tuple[Task, ...]  # ground
    checks: tuple[Check, ...]  # form, novelty, ground, screen
    attempts: tuple[Attempt, ...]  # attempt
    solve_rate: float  # attempt
    target: Attempt  # attempt
    critiques: tuple[Critique, ...]  # review
    attacks: tuple[Attack, ...]  # challenge
    verdicts: tuple[Verdict, ...]  # rule
    stage: Stage  # every node that passes
    variants: tuple[Task, ...]  # paraphrase
    samples: tuple[Sample, ...]  # screen
    decision: gate.Decision  # rule, or the first check that fails
    episode: Episode  # admit, refuse


Update = dict[str, Any]


def turned_away(reason: Reason, evidence: str, *checks: Check) -> Update:
    """The update that ends an episode."""
    return {"decision": gate.Decision("reject", reason, evidence), **({"checks": checks} if checks else {})}
