"""Notes that a method has for the generator: steering notes for one round, like those a person gives.

    Lean.notes ─► foreign? a seat's words? a secret? too many? ─┬─ dropped, and the lean says why
                                                                └─ step `note` ─► in force from the first batch on

A note stands open in the generator's prompt, so what a model wrote is read more sternly here than
a person's: whatever `foreign` or `talk` finds in it, and every sign that no plain sentence
needs, drops it. A step is keyed by the method and the round, so that a plan which is made again
gives the note once; what a person has in force goes first.
"""

import re
from itertools import count

from noria.errors import ConfigError
from noria.evaluators.foreign import foreign, talk
from noria.evaluators.screening import Screen
from noria.graphs.context import Context
from noria.graphs.steering.notes import MOST, given
from noria.graphs.steering.saying import sentence, step
from noria.identity import content_id
from noria.memory.steps import Steps, stepping
from noria.types import Lean

PLAIN = re.compile(r"[A-Za-z0-9 ,.;'’()/+-]+")
"""The signs of a plain sentence."""


async def wished(context: Context, number: int, leans: list[Lean]) -> list[Lean]:
    """The leans with the notes that may be heard, which are given now."""
    steps, numbers = Steps(context.history), count(1)
    room = MOST - sum(not one.key.startswith("wish/") for one in given(steps))
    found = []
    for lean in leans:
        kept, dropped = list[str](), list[str]()
        for text in lean.notes:
            why = unfit(context, text) or ("as many notes are in force as may be" if len(kept) >= room else "")
            if why:
                dropped.append(f"a note is dropped: {why}")
                continue
            kept.append(" ".join(text.split()))
            key = f"wish/{lean.method}-r{number:04}/{next(numbers)}"
            name = content_id("note", [key, kept[-1]])
            body = {"text": kept[-1], "rounds": 1, "by": lean.method}
            said = f"note {name} by {lean.method}: {kept[-1]}"
            one = step(steps, "note", name, said, body, key=key, place=(number, 0))
            await context.history.ledger.write(stepping(one))
            context.tell("steered", {"said": said})
        room -= len(kept)
        why = "; ".join(filter(None, (lean.why, *dropped)))
        found.append(lean.model_copy(update={"notes": tuple(kept), "why": why}))
    return found


def unfit(context: Context, text: str) -> str:
    """Why a note of a model's may not stand open in a prompt, in a few words; empty where it may."""
    try:
        line = sentence(text, "note")
    except ConfigError as fault:
        return fault.what
    if what := foreign(line):
        return f"it {what}"
    if word := talk(line, frozenset()):
        return f"it names {word!r}, which is a seat's or a ruling's word"
    if found := Screen(context.config.hygiene.screen).find(line):
        return f"it holds {found[0]}"
    return "" if PLAIN.fullmatch(line) else "it is no plain sentence"
