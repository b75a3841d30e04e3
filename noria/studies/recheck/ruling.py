"""What a second reading says: right, wrong, or that it cannot tell; and what no reading looks at.

    instruction ─► its sentences about the form ("Do not explain.") are left out ─► what is asked
    response    ─► at most `LONGEST` characters of it are ever looked at

A reading is only worth something where it stays silent in doubt. So whatever stands in an
instruction and is not understood word by word makes it silent, and only the few sentences
that ask for no other answer are passed over here.
"""

import re
from dataclasses import dataclass

LONGEST = 4000
"""Longest instruction or response, in characters, that is read."""

_ASIDE = re.compile(
    r"(?:^|(?<=[.!?:;,}\s]))(?:"
    r"(?:please )?(?:do not|don't|never) (?:explain|write anything else|answer with a question|run it|print anything)"
    r"|(?:please )?(?:only |just )?(?:answer|reply|respond)(?: only)? with (?:only |just )?(?:the|a|one) number"
    r"(?: only)?"
    r"|no other words(?:, please)?|take care to get it right|please help me with this"
    r"|here is a task for you|a pupil asks"
    r")\s*(?:[.!:,;]+|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the second reading says of a response."""

    right: bool | None
    """Whether the response is right; none where this reading cannot tell."""
    evidence: str
    """A short sentence that says why."""


def right(evidence: str) -> Ruling:
    """The response does what the words ask."""
    return Ruling(True, evidence)


def wrong(evidence: str) -> Ruling:
    """The response does not do what the words ask."""
    return Ruling(False, evidence)


def unsure(evidence: str) -> Ruling:
    """This reading cannot tell."""
    return Ruling(None, evidence)


def plain(instruction: str) -> str:
    """What an instruction asks, on one line, without the sentences that only ask for a form of the answer."""
    return " ".join(_ASIDE.sub(" ", " ".join(instruction.split())).split())


def among(words: str) -> frozenset[str]:
    """The words of a line, to ask of another word whether it is one of them."""
    return frozenset(words.split())


def shown(text: str) -> str:
    """A piece of a text, short and safe to print, for an evidence."""
    return ascii(text[-60:])
