"""Proposals of the next round, asked for while a student trains and its servers would stand idle.

    train r ──► foreseen: hands of round r+1, dealt from what is known now ──► proposed (turns, in the ledger)
    plan r+1 ─► dealt as ever ─► a plain hand of the same domain and level gives its place to one ─► plays on from there

What only the exam can tell (how many hands a domain and a level get, who sits where) stays with the deal, and so
does the order in which novelty is decided. All that was foreseen is dropped where the round is cooled, where who
proposed was withdrawn, and where the generator is asked with other words by then. So a proposal is never older than
one round; its turn says who wrote it, as the sample will, and the round's facts say how many there were. What is
dropped was paid for, and plays nowhere. How many are ready when the training ends depends on who is faster: whoever
wants the same deal on every machine leaves it off.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from noria.agents.base import Sheet
from noria.agents.generator import Generator
from noria.errors import EndpointError
from noria.graphs.context import Context
from noria.graphs.cooling import cooled
from noria.graphs.plan import deal
from noria.graphs.quarantine import trusted
from noria.graphs.steering import notes, trials
from noria.memory.history import History
from noria.memory.moves import withdrawn
from noria.memory.steps import Steps
from noria.memory.withdrawals import Withdrawals
from noria.types import Dealt, Step, TurnKey


def foresees(context: Context, number: int) -> bool:
    """Whether hands of a round are proposed before it is dealt: it is told to, and there may be such a round."""
    return bool(context.config.play.ahead) and number <= context.config.stop.rounds


async def propose(context: Context, number: int, over: asyncio.Event) -> None:
    """Ask for the proposals of a round that comes, none any more once it is `over`; those begun are waited for."""
    hands = await _foreseen(context, number)
    waiting = iter(hands)

    async def asks() -> None:
        for hand in waiting:
            if over.is_set():
                return
            generator: Generator = Generator.seated(context.desk, hand)
            await generator.propose(hand, context.domain(hand), temperature=context.temperature(hand))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(hands), context.config.play.concurrency)):
                group.create_task(asks())
    except* EndpointError as faults:
        said = f"the next round is not proposed for while the student trains: {faults.exceptions[0]}"
        context.tell("steered", {"said": said})
    finally:
        for hand in hands:
            context.desk.sheets.pop(hand.episode, None)


async def _foreseen(context: Context, number: int) -> list[Dealt]:
    """The hands that are foreseen for a round, found written down or written down now."""
    history, desk = context.history, context.desk
    asked, told = _asked_with(context, number)
    found = _kept(history, number)
    if found is None:
        seats, config = context.seats(), context.config
        levels = trusted(context.domains, config.domains, history)
        levels = {name: own for name, own in levels.items() if context.domains[name].warrant != "judged"}
        if asked is None or not levels or not context.fleet.is_up(seats["generator"]):
            return []
        few = config.play.model_copy(update={"episodes": config.play.ahead})
        domains = {name: context.domains[name] for name in levels}
        own = config.model_copy(update={"domains": levels, "play": few})
        dealt = deal(
            own, domains, history, context.index, number, seats=seats, templates=desk.templates.versions(), veto=False,
            barred=await context.hygiene.read_rows(history), ahead=True,
        )  # fmt: skip
        plain = [hand for hand in dealt if not hand.strategy]
        found = {"policy": seats["generator"], "asked": asked, "hands": [one.model_dump(mode="json") for one in plain]}
        await history.keep_fact(_name(number), json.dumps(found))
    if _outdated(context, number, found):
        return []
    hands = [Dealt.model_validate(one) for one in found["hands"]]
    desk.sheets.update({hand.episode: Sheet(desk.templates, told) for hand in hands})
    return hands


def adopted(context: Context, number: int, dealt: list[Dealt]) -> tuple[list[Dealt], dict[str, Any]]:
    """A deal in which foreseen hands have their places, and what is to be said of them; empty where there are none."""
    history, found = context.history, _kept(context.history, number)
    if found is None:
        return dealt, {}
    ready = list(_proposed(history, [Dealt.model_validate(one) for one in found["hands"]]))
    told = {"policy": found["policy"], "proposed": len(ready), "adopted": 0, "staleness": 1, "why": ""}
    if why := _outdated(context, number, found):
        return dealt, {**told, "why": why}
    made = list[Dealt]()
    for hand in dealt:
        place = hand.domain, hand.level
        at = next((at for at, one in enumerate(ready) if (one.domain, one.level) == place), None)
        made.append(hand if at is None or hand.strategy else _placed(ready.pop(at), hand))
    count = told["proposed"] - len(ready)
    return made, {**told, "adopted": count}


def _placed(foreseen: Dealt, hand: Dealt) -> Dealt:
    """A foreseen hand in the place of a dealt one: its proposal is its own, all else is as it was dealt."""
    seats = {**hand.seats, "generator": foreseen.seats["generator"]}
    told = {"templates": hand.templates, "veto": hand.veto, "admits": hand.admits, "seats": seats}
    return foreseen.model_copy(update={"position": hand.position, **told})


def _outdated(context: Context, number: int, found: dict[str, Any]) -> str:
    """Why nothing that was foreseen plays, empty where it may."""
    history, who = context.history, found["policy"]
    if why := cooled(history, number):
        return f"the round is cooled: {why}"
    if who in withdrawn(history) or who in Withdrawals(history.ledger).tainted():
        return "who proposed was withdrawn"
    return "" if _asked_with(context, number)[0] == found["asked"] else "the generator is asked otherwise by now"


def _asked_with(context: Context, number: int) -> tuple[list[str] | None, tuple[str, ...]]:
    """The template and the notes that a round's first batch is proposed with, and the notes' texts; none in a trial."""
    steps = Steps(context.history)
    standing: list[Step] = notes.expiring(steps, number, 1)[0]
    asked = [context.desk.templates.versions()["generator"], *(one.name for one in standing)]
    return None if trials.running(steps) else asked, tuple(str(one.body["text"]) for one in standing)


def _proposed(history: History, hands: Iterable[Dealt]) -> Iterable[Dealt]:
    first = {"role": "generator", "draft": 1, "attempt": 1}
    return (one for one in hands if history.turn(TurnKey.model_validate({"episode": one.episode, **first})) is not None)


def _kept(history: History, number: int) -> dict[str, Any] | None:
    """What was foreseen for a round, as it was written down."""
    found: dict[str, Any] | None = json.loads(history.ledger.fact(_name(number)) or "null")
    return found


def _name(number: int) -> str:
    return f"foreseen/{number}"
