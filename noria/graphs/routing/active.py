"""Active routing: which of a batch's accepted candidates wait for a ruling, decided once all of it has ended.

    batch (ended) ─► uncertainty of what was accepted ─► bar ─► the most uncertain within the budget
                                                          │             ├─ person   ─► reviews (open, samples held)
         earlier batches and rounds (ledger) ─────────────┘             └─ endpoint ─► reviewer ─► approve · refuse

The bar is the config's bound, or the quantile of everything accepted up to here if that is higher;
what is left of the round's budget is divided evenly among its batches that are to come. So the
choice follows from the ledger alone, whatever ended first: a round that was killed and resumed
chooses the same. It is written once (`routed` among the round's facts) and not made again.
"""

from math import ceil

from noria.config.methods.feedback import PERSON, Active
from noria.evaluators.uncertainty import quantile, uncertainty
from noria.graphs.context import Context
from noria.memory.reviews import routing
from noria.memory.withdrawals import Withdrawals
from noria.types import Json, Review


async def border(context: Context, number: int, batch: int, rules: Active) -> None:
    """Route what a batch (from 1) of a round accepted, unless that was done."""
    table: dict[str, Json] = context.history.round(number).get("routed", {})
    if str(batch) in table:
        return
    seen = _seen(context, number, batch, rules.to)
    scores = [one.uncertainty for one in seen]
    bar = max(rules.bound, quantile([*_earlier(context, number), *scores], rules.share))
    spent = sum(one["routed"] for one in table.values())
    batches = ceil(len(context.history.deal(number)) / context.config.play.batch)
    allowed = ceil((rules.budget - spent) / max(1, batches - batch + 1))
    chosen = sorted((one for one in seen if one.uncertainty >= bar), key=lambda one: -one.uncertainty)[:allowed]
    why = ""
    if rules.to == PERSON:
        await context.history.ledger.write(*routing(chosen))
    elif chosen:
        from noria.graphs.routing.reviewer import review

        chosen, why = await review(context, number, chosen, rules)
    done = {"seen": scores, "bar": bar, "routed": len(chosen), "budget": rules.budget, "why": why}
    await context.history.keep_round(number, "play", routed={**table, str(batch): done})
    if chosen or why:
        context.tell("steered", {"said": _said(context, rules, batch, chosen, why)})


def _seen(context: Context, number: int, batch: int, to: str) -> list[Review]:
    """What the batch accepted, in deal order, as reviews that nobody has asked for yet."""
    size = context.config.play.batch
    hands = context.history.deal(number)[(batch - 1) * size : batch * size]
    found = [context.history.episode(one.episode) for one in hands]
    ended = [one for one in found if one is not None and one.outcome == "accepted"]
    gone = Withdrawals(context.history.ledger).among([one.sample or "" for one in ended])
    made = []
    for one in ended:
        if one.sample and one.sample not in gone:
            why = uncertainty(one)
            made.append(
                Review(
                    episode=one.id, round=number, batch=batch, sample=one.sample, to=to,
                    uncertainty=round(sum(why.values()), 4), why=why,
                )
            )  # fmt: skip
    return made


def _earlier(context: Context, number: int) -> list[float]:
    """The uncertainty of everything that earlier batches accepted."""
    facts = [one for at, _, one in context.history.rounds() if at <= number]
    return [score for one in facts for done in one.get("routed", {}).values() for score in done["seen"]]


def _said(context: Context, rules: Active, batch: int, chosen: list[Review], why: str) -> str:
    if why:
        return f"batch {batch}: nothing is routed to {rules.to}: {why}"
    many = f"{len(chosen)} uncertain candidate{'s' * (len(chosen) != 1)} of batch {batch}"
    if rules.to == PERSON:
        return f"{many} wait{'s' * (len(chosen) == 1)} for a ruling: `noria review {context.config.session}`"
    counts = {what: sum(one.ruling == what for one in chosen) for what in ("approve", "refuse", "")}
    left = f", {counts['']} could not be ruled on and wait for a person" if counts[""] else ""
    return f"{many}: {rules.to} approves {counts['approve']} and refuses {counts['refuse']}{left}"
