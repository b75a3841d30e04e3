"""A stronger policy rules on routed candidates, once it has shown this round that it can tell right from wrong.

    planted answers ─► card ─┬─ benched ─► asked nothing: the candidates stand as the gate left them
    (once a round)           └─ veto ────► ruling of each ─┬─ accept, or too unsure to refuse ─► approve
                                                           ├─ reject ─► refuse: withdrawn, never learned
                                                           └─ unreadable, unreachable ─► a person's ruling

It is asked as the judge is, with the evidence in front of it, and like the judge it may only veto:
whatever comes to it has passed every check, and what has not never comes to it.
"""

import asyncio
import time

from noria.agents.judge import UNSEEN, Judge, evidence, read_ruling
from noria.config.methods.feedback import PERSON, Active
from noria.errors import EndpointError, ReplyError
from noria.evaluators.cards import JudgeCard
from noria.graphs.context import Context
from noria.graphs.quarantine import trusted
from noria.memory.ledger import Write
from noria.memory.reviews import ruling
from noria.memory.rulings import siblings
from noria.memory.withdrawals import REVIEWER, withdrawing
from noria.types import Review


async def review(context: Context, number: int, chosen: list[Review], rules: Active) -> tuple[list[Review], str]:
    """The reviews with their rulings, written; none, and why, where the policy may not rule this round."""
    judge = Judge(context.desk, context.remote[rules.to])
    if why := (await _card(context, number, judge, rules)).benched:
        return [], why
    ruled = list(await asyncio.gather(*(_ruled(context, judge, one) for one in chosen)))
    writes: list[Write] = [ruling(one) for one in ruled]
    gone = [(one.said, siblings(context.history, one.sample)) for one in ruled if one.ruling == "refuse"]
    await context.history.ledger.write(*writes, *withdrawing(REVIEWER, time.time(), gone))
    return ruled, ""


async def _card(context: Context, number: int, judge: Judge, rules: Active) -> JudgeCard:
    """How the policy did on planted answers this round: found measured, or measured now."""
    if (found := context.history.round(number).get("reviewer")) is not None:
        return JudgeCard.model_validate(found)
    levels = trusted(context.domains, context.config.domains, context.history)
    card = await judge.calibrate(
        f"reviewer-r{number:04}", [context.domains[name].at(own[0]) for name, own in levels.items()],
        [own[0] for own in levels.values()], rules.calibration,
    )  # fmt: skip
    await context.history.keep_round(number, "play", reviewer=card.model_dump(mode="json"))
    return card


async def _ruled(context: Context, judge: Judge, one: Review) -> Review:
    """One candidate ruled on; to a person where nothing can be read, for no ruling is guessed."""
    episode = context.history.episode(one.episode)
    assert episode is not None
    sample = next(iter(context.history.loaded([one.sample])))
    said = sample.messages[-1].content
    target = next((made for made in episode.attempts if made.passed and made.response == said), None)
    shown = evidence(target, episode.critiques[-1]) if target and episode.critiques else UNSEEN
    ask = judge.ruling(sample.messages[-2].content, said, shown)
    try:
        turn = await judge.turn(f"review/{one.episode}", 1, 1, ask)
        word, confidence = read_ruling(turn)
    except (ReplyError, EndpointError) as fault:
        return one.model_copy(update={"to": PERSON, "said": f"{one.to} gave no ruling: {fault}"[:300]})
    sure = word == "reject" and confidence >= context.config.judge.veto_above
    why = f"{one.to} says {word}, {confidence:.0%} sure"
    return one.model_copy(update={"ruling": "refuse" if sure else "approve", "by": one.to, "said": why})
