"""Static filtering by form: chats that nobody would want to learn, told by their text alone.

    instruction, response ─► length ─► opening ─► copy ─► repetition ─► end ─► kept, or the first reason

The rules are those of Gopher's quality filter (Rae et al., arXiv 2112.11446) as far as they make
sense of short chats: bounds of length, repeated runs of words, boilerplate. Their defaults keep
what the domains write: an answer of one digit, a list, a text that ends as its task demands.
A verified answer passed a program already; this finds what a program does not mind (an answer
that says the task again before it solves it) and is the only check of what is merely judged.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from noria.config.methods.static import Form
from noria.training.selecting.chats import answered, asked, plain, runs, words
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

LEAST = 16
"""Words that a text must have before repetition is looked for: a short list repeats itself rightly."""

ECHO = 8
"""Words that an instruction must have before a response can be a copy of it."""

OPEN = (",", ";", "(", "[", "{", "&", "\\", " and", " or", " the", " a", " of")
"""Ends after which more was to come."""


async def select(samples: Sequence[Sample], rules: Form, tools: Tools) -> Selected:
    """Leave out what breaks a rule."""
    found = ((one.id, fault(asked(one), answered(one), rules)) for one in samples)
    return Selected({key: why for key, why in found if why})


def fault(instruction: str, response: str, rules: Form) -> str:
    """The first rule that a chat breaks, in a few words; empty where it keeps all."""
    said = response.strip()
    for name, text in (("instruction", instruction), ("response", said)):
        low, high = getattr(rules, name)
        if len(text) < low:
            return f"{name} too short"
        if len(text) > high:
            return f"{name} too long"
    task, answer = words(instruction), words(said)
    if len(answer) > rules.words:
        return "response too long"
    if rules.openings and said.casefold().replace("’", "'").startswith(openings()):
        return "refusal or boilerplate"
    if plain(said) == plain(instruction) or echoed(task, answer) >= rules.echoed:
        return "copy of the instruction"
    if repeated(answer) >= rules.repeated:
        return "response repeats itself"
    if repeated(task) >= rules.repeated:
        return "instruction repeats itself"
    if rules.cut and (said.count("```") % 2 or (len(answer) > 1 and said.casefold().endswith(OPEN))):
        return "response was cut"
    return ""


def repeated(found: list[str]) -> float:
    """Share of a text's runs of three words that stood in it before; 0 for a short text."""
    if len(found) < LEAST:
        return 0.0
    made = list(runs(found, 3))
    return 1 - len(set(made)) / len(made)


def echoed(task: list[str], answer: list[str]) -> float:
    """Share of the instruction's runs of five words that stand in the response; 0 for a short instruction."""
    if len(task) < ECHO or len(answer) < ECHO:
        return 0.0
    made, there = set(runs(task, 5)), set(runs(answer, 5))
    return len(made & there) / len(made)


@cache
def openings() -> tuple[str, ...]:
    """How refusals and boilerplate begin, from the file beside this one."""
    return tuple(Path(__file__).with_name("openings.txt").read_text(encoding="utf-8").split("\n"))[:-1]
