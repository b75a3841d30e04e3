"""Prompt compression as a method of a session: a shorter text of a template is dealt against the one in force.

    round 1 ─► what each unit tells, read by the seat's policy ─► shorter text ─► trial, an arm an episode
    later   ─► what both arms had accepted ─► the shorter stays, if it is not worse by a margin ─► facts

It leans on nothing: the plan is as it was, and what it tells of itself stands among the round's leans. The
trial is the one that `noria prompts ab` begins, and is reported with it. See `prompts/compression.py` for
what goes, and for the papers.
"""

import json

from noria.config.methods.distillation import PromptCompression
from noria.errors import NoriaError
from noria.evaluators.comparing import Count, difference
from noria.graphs.context import Context
from noria.graphs.rehearsing.compressing import shorten
from noria.graphs.steering import trials
from noria.memory import tables
from noria.memory.ledger import Write, replace
from noria.memory.steps import Steps
from noria.prompts.fields import SEATS
from noria.types import Json, Lean

FACT = "prompt_compression"
"""The fact of the session that says what was begun, and what came of it."""


async def lean(context: Context, number: int, rules: PromptCompression) -> Lean | None:
    """Begin the trial, or end it once enough was played with both texts; none where there is nothing to say.

    Raises:
        EndpointError: the seat's policy cannot be asked.
    """
    known: Json = json.loads(context.history.ledger.fact(FACT) or "{}")
    if not known:
        return await _begun(context, number, rules)
    if known["trial"] and "ended" not in known:
        a, b = accepted(context, known["trial"])
        if min(a.whole, b.whole) >= rules.episodes:
            return await _ended(context, number, known, rules, a, b)
    return Lean(method=FACT, why=known["said"]) if number == known.get("ended", known["round"]) else None


async def _begun(context: Context, number: int, rules: PromptCompression) -> Lean:
    history, old = context.history, context.desk.templates[rules.template]
    policy = context.desk.sits(context.seats()[SEATS[rules.template]])
    served_as = context.desk.served_as(policy)
    new = await shorten(old, rules.keep, context.desk.client, served_as, policy)
    before, after = new.words
    known: Json = {"round": number, "template": rules.template, "words": [before, after], "by": new.by, "trial": ""}
    body = {"name": rules.template, "a": old.text, "b": new.template.text, "by": "episode"}
    try:
        writes, said = trials.compare(history, body)
    except NoriaError as fault:
        writes, known["said"] = [], f"{rules.template} is not tried shorter: {fault.what}"
    else:
        known |= {"trial": said["trial"], "b": said["b"]}
        known["said"] = f"{said['trial']}: {before} words of {rules.template} against {after}, chosen by {new.by}"
    await history.ledger.write(*writes, replace(tables.meta, {"key": FACT, "value": json.dumps(known)}))
    return Lean(method=FACT, why=known["said"])


async def _ended(context: Context, number: int, known: Json, rules: PromptCompression, a: Count, b: Count) -> Lean:
    history, gap = context.history, difference(a, b)
    keeps = gap is not None and gap.low >= -rules.margin
    kept, writes = ("b" if keeps else "a"), list[Write]()
    try:
        writes, _ = trials.stop_comparing(history, {"trial": known["trial"], "keep": kept})
    except NoriaError as fault:  # somebody ended it
        said = f"{known['trial']} ended elsewhere: {fault.what}"
    else:
        words = "no episode to compare" if gap is None else (
            f"{b.part} of {b.whole} accepted with the shorter, {a.part} of {a.whole} with the longer: "
            f"{100 * gap.value:+.0f} points, 95 % {100 * gap.low:+.0f} to {100 * gap.high:+.0f}"
        )  # fmt: skip
        said = f"{known['trial']}: {words}; the {'shorter' if keeps else 'longer'} stays"
    found = known | {"ended": number, "kept": kept, "said": said}
    await history.ledger.write(*writes, replace(tables.meta, {"key": FACT, "value": json.dumps(found)}))
    return Lean(method=FACT, why=said)


def accepted(context: Context, trial: str) -> tuple[Count, Count]:
    """Of the ended episodes of each arm, how many were accepted."""
    counts = {"a": [0, 0], "b": [0, 0]}
    for batch in Steps(context.history).batches():
        for arms in (one for one in batch.trials if one.trial == trial):
            for episode, arm in arms.dealt.items():
                ended = context.history.episode(episode)
                if ended is not None and ended.outcome != "error":
                    counts[arm][0] += ended.outcome == "accepted"
                    counts[arm][1] += 1
    a, b = (Count(*counts[side]) for side in ("a", "b"))
    return a, b
