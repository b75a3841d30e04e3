"""A batch is committed before its first episode: with what, and with which notes, each of its hands is played.

    commit (once for round and batch) ─► ledger ─► opened ─► hands with their templates, sheets for the agents

An older Noria committed no batches; a batch that it began is played to its end as it was dealt.
"""

from collections.abc import Iterable, Mapping

from noria.agents.base import Sheet
from noria.graphs.steering import notes, trials
from noria.memory.history import History
from noria.memory.steps import Steps, batching, stepping
from noria.prompts import Templates
from noria.types import Batch, Dealt, Step

CALIBRATED = ("judge", "prefer")
"""The templates that a judge's calibration asks with: what it showed of another is not known."""


async def commit(
    history: History, templates: Templates, number: int, batch: int, hands: list[Dealt]
) -> tuple[Batch, list[Step]]:
    """What a batch is played under, found committed or committed now, and the notes that expired with that."""
    steps = Steps(history)
    if (found := steps.batch(number, batch)) is not None:
        return found, []
    standing, expired = notes.expiring(steps, number, batch)
    made = Batch(
        round=number,
        batch=batch,
        episodes=tuple(one.episode for one in hands),
        templates=templates.versions(),
        trials=tuple(trials.drawn(one, hands) for one in trials.running(steps)),
        notes=tuple(one.name for one in standing),
    )
    await history.ledger.write(batching(made), *map(stepping, expired))
    return made, expired


def opened(
    history: History, templates: Templates, number: int, batch: int, hands: Iterable[Dealt]
) -> tuple[list[Dealt], dict[str, Sheet]]:
    """The hands of a batch as they are played, and the sheet of each episode's agents."""
    steps = Steps(history)
    if (found := steps.batch(number, batch)) is None:
        return list(hands), {}
    said = {one.name: str(one.body["text"]) for one in steps.each("note")} if found.notes else {}
    told = tuple(said[key] for key in found.notes)
    texts = steps.texts({*found.templates.values(), *(v for one in found.trials for v in (one.a, one.b))})
    made: dict[str, Templates] = {}
    dealt, sheets = [], dict[str, Sheet]()
    for hand in hands:
        versions = found.versions(hand.episode)
        key = str(sorted(versions.values()))
        if key not in made:
            made[key] = dressed(templates, versions, texts)
        sheets[hand.episode] = Sheet(made[key], told)
        dealt.append(_steered(hand, versions))
    return dealt, sheets


def dressed(templates: Templates, versions: Mapping[str, str], texts: Mapping[str, str]) -> Templates:
    """The templates of some versions, by name, as far as their texts are known."""
    known = templates.versions()
    changed = {name: one for name, one in versions.items() if known.get(name) != one and one in texts}
    return templates.using({name: texts[one] for name, one in changed.items()}) if changed else templates


def _steered(hand: Dealt, versions: dict[str, str]) -> Dealt:
    """A hand as it is played: a judge that asks otherwise than it was measured has no veto."""
    if versions == hand.templates:
        return hand
    measured = all(versions.get(name) == hand.templates.get(name) for name in CALIBRATED)
    return hand.model_copy(update={"templates": versions, "veto": hand.veto and measured})
