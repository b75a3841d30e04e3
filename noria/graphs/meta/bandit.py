"""The bandit over strategies: does this way of making data improve the model, for what it costs?

    examine ─► gain of the round's student ─► by whom it was taught, what that cost ─► beliefs (ledger)
    plan ─► beliefs ─► Thompson draws ─► shares of the strategies ─► deal

An arm is a strategy that is on (hook `deal`), or the plain window. The reward that is sought is exam gain
for a token: μ / cost, where μ is the gain of a student taught by the arm's samples alone and cost the tokens
of all its episodes, refused ones too, for each that was accepted. The gain of an exam is the student's over
its parent on the same fresh items, promoted or not; it is apportioned by the share of the rows the
student was taught (replay too, the user's own rows apart) that each arm dealt (see `thompson`).

What this cannot tell. The arms of a round share one exam: a single round says nothing of which of them
was good, and only over rounds do the shares, drawn anew for each plan, set them apart; two arms
that always had the same shares stay one. Apportioning by rows takes them to add up, while samples may help
or spoil each other. Gain is against a parent that grows better, so that later rounds gain less whoever
taught them; an arm is compared with others of its time because every arm keeps its floor. What a student
was taught again from earlier rounds counts for the arm that dealt it then. With a handful of rounds the
intervals are wide, and the shares say so: they stay near even.

A round whose beliefs are in the ledger is not reckoned again; a plan that is made again draws the same.
"""

from noria.config.methods.meta import Bandit
from noria.graphs.context import Context
from noria.graphs.meta.thompson import Posterior, Seen, gained, posterior
from noria.graphs.meta.thompson import shares as drawn
from noria.identity import stream
from noria.memory.beliefs import beliefs, keep_beliefs, spent_on, taught_by
from noria.memory.history import History
from noria.types import Belief

WIDE = 1.96
"""Standard deviations of a 95 % interval."""


def shares(context: Context, number: int, rules: Bandit) -> dict[str, float]:
    """Every arm's share of a round's deal, the plain window's under the empty name."""
    arms = ("", *context.config.methods.on("deal"))
    kept = [one for one in beliefs(context.history) if one.round < number]
    believed = posterior(seen(kept), arms, rules.prior, rules.noise)
    costs = {one.arm: one.cost for one in kept}  # the latest of each stands
    rng = stream(context.config.random, "bandit", number)
    return drawn(believed, costs, arms, rules.floor, rules.draws, rng)


async def believe(context: Context, number: int, rules: Bandit) -> None:
    """After a round's exam: what it showed of each arm, and what is believed now, unless that was written."""
    history, exam = context.history, context.history.exam(number)
    kept = beliefs(history)
    if exam is None or any(one.round == number for one in kept):
        return
    found = reckoned(history, number, ("", *context.config.methods.on("deal")), rules, kept)
    await keep_beliefs(history, found)
    context.tell("beliefs", {"round": number, "beliefs": found})


def reckoned(
    history: History, number: int, arms: tuple[str, ...], rules: Bandit, before: list[Belief]
) -> list[Belief]:  # fmt: skip
    """The beliefs after a round's exam, by those of the rounds before it."""
    exam = history.exam(number)
    assert exam is not None, "a round without an exam shows nothing"
    rows = taught_by(history, exam.student)
    arms = tuple(sorted({*arms, *rows, *(one.arm for one in before)}))
    gain, noise = gained(exam.wins, exam.losses, exam.items)
    fresh = []
    for arm in arms:
        hands = [one.episode for one in history.deal(number) if one.strategy == arm]
        accepted = sum(one.outcome == "accepted" for one in history.some_episodes(hands))
        share = rows.get(arm, 0) / max(1, sum(rows.values()))
        fresh.append(
            Belief(
                round=number, arm=arm, dealt=len(hands), accepted=accepted, tokens=spent_on(history, hands),
                rows=rows.get(arm, 0), taught=share, gain=gain, noise=noise,
                mean=0, low=0, high=0, cost=0, worth=0, worth_low=0, worth_high=0,
            )
        )  # fmt: skip
    every = [*before, *fresh]
    believed = posterior(seen(every), arms, rules.prior, rules.noise)
    size = sum(one.rows for one in every) / len({one.round for one in every})
    return [_believed(one, every, believed, size) for one in fresh]


def seen(kept: list[Belief]) -> list[Seen]:
    """The exams that beliefs rest on; one whose student was taught by no arm shows nothing."""
    rounds: dict[int, list[Belief]] = {}
    for one in kept:
        rounds.setdefault(one.round, []).append(one)
    return [
        Seen({one.arm: one.taught for one in some}, some[0].gain, some[0].noise)
        for some in rounds.values()
        if any(one.taught for one in some)
    ]


def _believed(one: Belief, every: list[Belief], believed: Posterior, size: float) -> Belief:
    """A belief with what follows from all rounds; `size` is how many samples a training has on average."""
    mean, deviation = believed.of(one.arm)
    own = [other for other in every if other.arm == one.arm]
    accepted = sum(other.accepted for other in own)
    cost = sum(other.tokens for other in own) / accepted if accepted else 0.0
    low, high = mean - WIDE * deviation, mean + WIDE * deviation
    scale = 1e6 / (cost * size) if cost * size else 0.0
    told = {"mean": mean, "low": low, "high": high, "cost": cost}
    return one.model_copy(update=told | {"worth": scale * mean, "worth_low": scale * low, "worth_high": scale * high})
