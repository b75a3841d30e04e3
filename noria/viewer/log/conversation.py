"""An episode as a conversation: what each seat was asked and said, and between the turns what programs found.

    generator ─► checks, draft ─► (explain, entails) ─► solver ─► attempts ─► critic ─► critique
                   ▲                                     judge ◄─ verdict ◄─ attack ◄─ adversary
                   └───────── the next draft ─────────────┘

Turns keep the order they were kept in; what a program found of a draft stands after the turn it
was found of. An episode that is still playing has its turns alone, and so have a calibration
and an exam, which are no episodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from noria.types import Attack, Attempt, Check, Critique, Episode, Task, Turn, Verdict

Kind = Literal["turn", "checks", "draft", "attempts", "critique", "attack", "verdict", "end"]

PLACE = {"generator": 0, "reword": 0, "explain": 3, "entails": 3, "solver": 5, "prefer": 7,
         "critic": 9, "adversary": 11, "judge": 13, "coach": 15, "revise": 16, "toxic": 18,
         "paraphrase": 20}  # fmt: skip
"""When a template, or else a role, speaks in a draft; the odd and even places between are the programs'."""

LATE = {"back_translation": 4, "rewrite": 17, "cleanse": 19, "paraphrase": 21, "hygiene": 23}
"""Checks that are made later than when a proposal is read."""

AFTER = 99
"""The draft that an episode's end stands behind."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    kind: Kind
    draft: int
    number: int = 0
    """Of a turn, its place in the trace, from 1."""
    turn: Turn | None = None
    checks: tuple[Check, ...] = ()
    task: Task | None = None
    before: Task | None = None
    """Of a draft, the one it was made from."""
    attempts: tuple[Attempt, ...] = ()
    critique: Critique | None = None
    attack: Attack | None = None
    verifier: str = ""
    """Of an attack, who defended."""
    verdict: Verdict | None = None


def conversation(turns: Sequence[Turn], episode: Episode | None, *, first: int = 1) -> list[Step]:
    """The steps of an episode in order; the first of these turns has the number `first` in its trace."""
    placed: list[tuple[int, float, Step]] = []
    for number, turn in enumerate(turns, first):
        draft = turn.key.draft if episode is not None else 1
        place = _place(turn) if episode is not None else 0
        placed.append((draft, place, Step("turn", turn.key.draft, number, turn)))
    if episode is not None:
        placed += _found(episode)
        placed.append((AFTER, 0, Step("end", AFTER)))
    return [step for _, _, step in sorted(placed, key=lambda one: one[:2])]


def _place(turn: Turn) -> int:
    name = turn.template.partition("@")[0]
    return PLACE.get(name, PLACE[turn.key.role])


def _found(episode: Episode) -> list[tuple[int, float, Step]]:
    """What programs made of each draft, where it stands."""
    last = max((task.draft for task in episode.drafts), default=1)
    drafts = {task.id: task.draft for task in episode.drafts}
    found: list[tuple[int, float, Step]] = []
    for place, at in _by_place(episode.checks):
        found.append((last, place, Step("checks", last, checks=at)))
    for before, task in zip((None, *episode.drafts), episode.drafts, strict=False):
        found.append((task.draft, 2, Step("draft", task.draft, task=task, before=before)))
        made = tuple(one for one in episode.attempts if drafts.get(one.task, last) == task.draft)
        if made:
            found.append((task.draft, 8, Step("attempts", task.draft, attempts=made)))
    if not episode.drafts and episode.attempts:
        found.append((last, 8, Step("attempts", last, attempts=episode.attempts)))
    for place, critique in enumerate(episode.critiques):
        draft = _draft(episode, place)
        found.append((draft, 10, Step("critique", draft, critique=critique)))
    for place, attack in enumerate(episode.attacks):
        draft = _draft(episode, place)
        verifier = episode.drafts[place].grounding.verifier if place < len(episode.drafts) else ""
        found.append((draft, 12, Step("attack", draft, attack=attack, verifier=verifier)))
    for place, verdict in enumerate(episode.verdicts):
        draft = _draft(episode, place)
        found.append((draft, 14, Step("verdict", draft, verdict=verdict)))
    return found


def _draft(episode: Episode, place: int) -> int:
    """The draft that the critique, attack or verdict of a place is of: there is one of each a draft."""
    return episode.drafts[place].draft if place < len(episode.drafts) else place + 1


def _by_place(checks: Sequence[Check]) -> list[tuple[float, tuple[Check, ...]]]:
    """Checks by when in a draft they are made, in the order they ran."""
    places: dict[float, list[Check]] = {}
    for check in checks:
        places.setdefault(LATE.get(check.name, 1), []).append(check)
    return [(place, tuple(some)) for place, some in sorted(places.items())]
