"""The dealing half of a round: plan it, settle its batches, and decide whether there is another.

Each step first asks the ledger whether it was done, so each may be run again.
"""

import asyncio
import json
import time
from dataclasses import asdict

from noria.failpoints import at
from noria.graphs.ahead import adopted
from noria.graphs.calibrating import calibrated, measured, ruled
from noria.graphs.context import Context
from noria.graphs.cooling import cooled
from noria.graphs.leaning.leans import leans
from noria.graphs.plan import deal
from noria.graphs.quarantine import beaten_among, exhausted, trusted
from noria.graphs.serving import fill
from noria.graphs.stages import add_stage, found_done, stage
from noria.graphs.steering.steering import take
from noria.graphs.strategies.dealing import arms, strategies
from noria.graphs.withdrawing import retrains
from noria.memory.neighbours import catch_up
from noria.types import Dealt


async def plan(context: Context, number: int) -> list[Dealt]:
    """The round's deal: found committed, or made and committed now; empty where no verifier is left to trust."""
    dealt, own = context.history.deal(number), context.config.domains
    levels = trusted(context.domains, own, context.history)
    if not dealt and levels and not retrains(context.history, number):
        async with stage(context, number, "plan"):
            await take(context, number, 1)  # before the judge is measured by them
            config, seats = context.config.model_copy(update={"domains": levels}), context.seats()
            await fill(context, seats)
            domains = {name: context.domains[name] for name in levels}
            (judge, opinions), verifiers = await asyncio.gather(
                calibrated(context, number, levels, seats["judge"]), measured(context, number, levels)
            )
            cool, leaning = cooled(context.history, number), await leans(context, number)
            benched = frozenset((one.domain, one.level) for one in verifiers if not one.admits)
            dealt = deal(
                config, domains, context.history, context.index, number,
                seats=seats, templates=context.desk.templates.versions(), veto=judge.veto,
                benched=benched,
                barred=await context.hygiene.read_rows(context.history), cool=bool(cool),
                leaning=leaning,
            )  # fmt: skip
            if opinions:
                # Where the judge alone can tell, it has a say by what it was worth there.
                dealt = [ruled(one, domains, opinions) for one in dealt]
            shares = arms(context, number)
            dealt = strategies(context, number, dealt, shares, levels, benched)
            cards = {
                "judge": judge.model_dump(),
                "opinions": opinions.model_dump() if opinions else {},
                "verifiers": [one.model_dump() for one in verifiers],
            }
            undealt = beaten_among(context.domains, own, context.history)
            facts = {**context.history.round(number), **cards, "seats": seats, "undealt": undealt, "cooled": cool}
            dealt, foreseen = adopted(context, number, dealt)
            if foreseen:
                facts["ahead"] = foreseen
            if config.methods.on("deal"):
                facts["strategies"] = True
            if leaning:
                facts["leans"] = [one.model_dump(mode="json") for one in leaning]
            if shares:
                facts["shares"] = shares
            at("deal.made")
            await context.history.keep_deal(number, dealt, **facts)
            at("deal.committed")
    elif dealt:
        await found_done(context, number, "plan")
    return dealt


async def settle(context: Context, number: int, batch: int) -> tuple[list[str], dict[str, int]]:
    """Before a batch, from 0: the index follows the ledger, and the time of play is written down.

    Returns its episodes, and those of earlier batches that still play, each with its batch.
    """
    await catch_up(context.history, context.index)
    # A run that is resumed between the last hand and here has spent no time of its own on playing.
    await add_stage(context, number, "play", time.monotonic() - mark if (mark := context.hands.mark) else 0.0)
    context.hands.mark = None
    if seen := context.fleet.pool.replicas():
        await context.history.keep_fact("replicas", json.dumps({one.url: asdict(one) for one in seen}))
    dealt, over, size = context.history.dealt(number), context.history.ended(number), context.config.play.batch
    over -= context.border.carry()  # one that failed is sent again as well, to be heard of
    behind = {one: at // size for at, one in enumerate(dealt[: batch * size]) if one not in over}
    return dealt[batch * size : (batch + 1) * size], behind


async def guard(context: Context, number: int) -> str:
    """The reason to stop after this round, empty to go on."""
    stop = context.config.stop
    rounds = context.history.rounds()
    await context.history.keep_round(number, "ended")
    if why := exhausted(context.domains, context.config.domains, context.history):
        return why
    if retrains(context.history, number + 1):
        return ""
    if number >= stop.rounds + sum("retrains" in facts for _, _, facts in rounds):
        return f"rounds: {number} played"
    spent = sum(context.history.tokens())
    if stop.tokens is not None and spent >= stop.tokens:
        return f"tokens: {spent} spent of {stop.tokens}"
    hours = sum(one["seconds"] for _, _, facts in rounds for one in facts.get("stages", {}).values()) / 3600
    if stop.hours is not None and hours >= stop.hours:
        return f"hours: {hours:.2f} spent of {stop.hours}"
    still = 0
    for _, _, facts in reversed(rounds):
        if "promoted" in facts:
            break
        still += 1
    if stop.plateau is not None and still >= stop.plateau:
        return f"plateau: {still} rounds without a promotion"
    return ""
