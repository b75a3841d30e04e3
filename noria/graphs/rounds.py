"""The dealing half of a round: plan it, settle its batches, and decide whether there is another.

Each step first asks the ledger whether it was done, so each may be run again.
"""

import time
from importlib import import_module

from noria.agents.judge import Judge
from noria.evaluators.cards import VerifierCard, verifier_card
from noria.failpoints import at
from noria.graphs.context import Context
from noria.graphs.cooling import cooled
from noria.graphs.leaning.leans import leans
from noria.graphs.plan import deal
from noria.graphs.quarantine import Levels, beaten_among, exhausted, trusted
from noria.graphs.serving import fill
from noria.graphs.stages import add_stage, found_done, stage
from noria.graphs.steering.steering import take
from noria.graphs.withdrawing import retrains
from noria.identity import stream
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
            verifiers = await _measured(context, number, levels)
            judge = await Judge(context.desk, seats["judge"]).calibrate(
                f"calibration-r{number:04}",
                [domain.at(levels[name][0]) for name, domain in domains.items()],
                [levels[name][0] for name in domains],
                config.judge.calibration,
                reserved=config.methods.trained_judge is not None,
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
            shares = arms(context, number)
            dealt = strategies(context, number, dealt, shares, levels, benched)
            cards = {"judge": judge.model_dump(), "verifiers": [one.model_dump() for one in verifiers]}
            undealt = beaten_among(context.domains, own, context.history)
            facts = {**context.history.round(number), **cards, "seats": seats, "undealt": undealt, "cooled": cool}
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


def arms(context: Context, number: int) -> dict[str, float]:
    """Each strategy's share of a round's deal: the config's, or the bandit's where it is on."""
    methods = context.config.methods.on("deal")
    for rules in context.config.methods.on("meta").values() if methods else ():
        found: dict[str, float] = import_module(rules.module).shares(context, number, rules)
        return found
    return {name: float(getattr(rules, "share", 0.0)) for name, rules in methods.items()}


def strategies(
    context: Context, number: int, dealt: list[Dealt], shares: dict[str, float], levels: Levels,
    benched: frozenset[tuple[str, int]],
) -> list[Dealt]:  # fmt: skip
    """The hands, as far as they are theirs, as the strategies that are on deal them."""
    methods = context.config.methods.on("deal")
    if not methods:
        return dealt
    from noria.graphs.strategies.assigning import Setting, assign

    setting = Setting(context.config, context.domains, context.history, context.index, number, levels, benched)
    rng = stream(context.config.random, "strategies", number)
    return assign(dealt, methods, shares, setting, rng)


async def _measured(context: Context, number: int, levels: Levels) -> list[VerifierCard]:
    """The card of every verifier that this round may deal to."""
    items, stream = context.config.verifiers.planted, f"{context.config.random}/cards/{number}"
    return [
        await verifier_card(context.domains[name].at(level), level, context.desk.runner, items, stream)
        for name, own in levels.items()
        for level in own
    ]


async def settle(context: Context, number: int) -> list[Dealt]:
    """After a batch: the index follows the ledger; the time of play is written down."""
    await catch_up(context.history, context.index)
    # A run that is resumed between the last hand and here has spent no time of its own on playing.
    await add_stage(context, number, "play", time.monotonic() - mark if (mark := context.hands.mark) else 0.0)
    context.hands.mark = None
    return context.history.deal(number)


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
