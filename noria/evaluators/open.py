"""Open: free-form instructions, whose truth no program knows.

    window (a kind, a subject) ─► the generator's ask ─► form ─► the student's response ─► form ─► the judge rules
                                                                                            └ benched: nothing

What is accepted here is `judged` and never counted or exported as verified. The programs look
at form alone: a response must be a finished text in the words of its ask's alphabet, of a
bearable length, no echo, no loop, no refusal and nothing foreign. Whether it is a good answer
only the judge can tell, and only in a round whose calibration gives it a veto; it is measured
on asks of our own there (`decoy`), and rules on candidates as it was measured, with no evidence
beside it. No program can write the truth of an ask, so nobody is examined on it.
"""

import json
import random
import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from noria.errors import ReplyError
from noria.evaluators import form
from noria.evaluators.domain import Domain, Parameters, choose
from noria.evaluators.foreign import foreign, spelled
from noria.evaluators.lexicon import TOPICS
from noria.evaluators.open_asks import ASKS
from noria.evaluators.sandbox.runner import Runner
from noria.identity import content_id
from noria.types import Check, Grounding, Json, Warrant

KINDS = ("explain", "advise", "describe", "compare", "plan", "write")

FREE = "free"
"""The kind of an ask that came without one; no window deals it."""

LONGEST = 300
"""Longest ask, in characters."""

WORDS = (4, 160)
"""Fewest and most words of a response."""

ECHO = 0.8
"""Share of a response's words that may stand in its ask."""

DISTINCT = 0.4
"""Least share of a response's words that are distinct."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_END = re.compile(r"[.!?…][\"'”’)\]*]*$")
_REFUSES = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bsorry,? (?:but )?(?:i|as)\b[^.\n]{0,10}\b(?:can(?:no|')t|unable|not able|don't|do not|an ai)\b"
    r"|\bi(?:'m| am) (?:unable|not able) to\b"
    r"|\bi (?:can(?:no|')t|will not|won't) (?:help|assist|answer|provide|fulfil)\b"
    r"|\bi (?:do not|don't) (?:know\b|have (?:enough|access|the ability|personal))"
    r"|\bhow (?:can|may) i (?:help|assist) you\b",
    re.IGNORECASE,
)
_OF_THE_PROMPT = re.compile(
    r"\b(?:given|rewritten|evolved|original|above|new) (?:prompt|instruction|ask)s?\b|#\w+ prompt#", re.IGNORECASE
)
"""Words of the prompt that an ask was made with: the fourth elimination of Evol-Instruct (arXiv 2304.12244)."""


class Point(Parameters):
    """An ask."""

    skill: Literal["explain", "advise", "describe", "compare", "plan", "write", "free"]
    asks: str = Field(min_length=form.LENGTHS[0], max_length=LONGEST)

    filled: ClassVar[frozenset[str]] = frozenset({"asks"})


class Open(Domain):
    """Free-form instructions, judged."""

    name: ClassVar[str] = "open"
    about: ClassVar[str] = "An instruction that a person may give an assistant, answered in a few sentences."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3)
    parameters = Point
    answer_tokens: ClassVar[int] = 120
    proposal_tokens: ClassVar[int] = 110
    warrant: ClassVar[Warrant] = "judged"
    examined: ClassVar[bool] = False
    unique: ClassVar[bool] = False

    def model_written(self, grounding: Grounding) -> bool:
        """What counts as right is nobody's program, so only an answer from the ask alone is learned."""
        return True

    def skills(self, level: int) -> tuple[str, ...]:
        """The kinds of asks."""
        return KINDS

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A kind and a subject; the session's own where it has one."""
        subject = topic.lower() or rng.choice(TOPICS[rng.choice(sorted(TOPICS))])
        return {"skill": choose(self, level, rng, weak), "subject": subject}

    def schema(self, level: int, window: Json) -> Json:
        """The kind, then the ask itself."""
        ask = {"type": "string", "minLength": form.LENGTHS[0], "maxLength": 200}
        fields = {"skill": {"const": window["skill"]}, "instruction": ask}
        return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}

    def read(self, reply: str) -> tuple[Parameters, str]:
        """The ask is both the parameters' free text and the instruction, word for word."""
        try:
            data = json.loads(reply)
            said = " ".join(str(data.pop("instruction")).split())
        except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as fault:
            raise ReplyError("the proposal has no `instruction`") from fault
        if not (found := form.check(said)).passed:
            raise ReplyError(f"{found.name}: {found.evidence}")
        if copied := _OF_THE_PROMPT.search(said):
            raise ReplyError(f"it speaks of the prompt that it was made with: {copied[0]!r}")
        point, _ = super().read(json.dumps({**data, "asks": said, "instruction": said}))
        return point, said

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """An ask of our own, of the window's kind where it has one."""
        kind = (window or {}).get("skill", FREE)
        kind = rng.choice(KINDS) if kind == FREE else kind
        own = [one for one in ASKS if one[0] == kind and one[1] == level]
        _, _, asks, _ = rng.choice(own)
        return Point.model_validate({"skill": kind, "asks": asks})

    def ground(self, parameters: Parameters) -> Grounding:
        """The ask itself: there is no answer to hold a response against."""
        assert isinstance(parameters, Point)
        said = " ".join(_WORD.findall(parameters.asks.lower()))
        return Grounding(verifier=self.verifier, facts={"asks": parameters.asks}, signature=content_id("ask", said))

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """The ask, word for word."""
        assert isinstance(parameters, Point)
        return parameters.asks

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """No program can tell whether other words mean the same, so it must be these."""
        same = " ".join(instruction.split()) == self.phrase(parameters, random.Random(0))
        return Check.of("wording", same, "the ask itself" if same else "it is not the ask, word for word")

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """Whether a response can be an answer by its form; that it is one only the judge can tell."""
        return shaped(grounding.facts["asks"], response)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The answer to an ask of our own.

        Raises:
            ValueError: it is another's, which no program can answer.
        """
        assert isinstance(parameters, Point)
        for _, _, asks, answer in ASKS:
            if asks == parameters.asks:
                return answer
        raise ValueError("no program knows the answer to a free-form ask")

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A response whose form is wrong: an echo, a cut, a loop, a refusal, or nothing."""
        assert isinstance(parameters, Point)
        other = self.decoy(parameters, rng)
        words = other.split()
        looped = " ".join(words[:5]) + " "
        return rng.choice(
            (
                parameters.asks, f"{parameters.asks} {parameters.asks}",
                " ".join(words[: len(words) // 2]) + " and the",
                looped * 6 + ".", "I'm sorry, but I can't help with that.", "",
                "As an AI language model, I do not have personal opinions on this.", words[0],
            )
        )  # fmt: skip

    def decoy(self, parameters: Parameters, rng: random.Random) -> str:
        """The good answer to another ask of another kind."""
        assert isinstance(parameters, Point)
        others = [answer for kind, _, asks, answer in ASKS if asks != parameters.asks and kind != parameters.skill]
        return rng.choice(others)

    def free_text(self, parameters: Parameters) -> str:
        """The ask, whose novelty is by meaning."""
        assert isinstance(parameters, Point)
        return parameters.asks

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """None: beside a text lies no other that a program could find."""
        return iter(())


def shaped(asks: str, response: str) -> tuple[Check, ...]:
    """The checks of a response's form."""
    text = response.strip()
    said, given = [one.lower() for one in _WORD.findall(text)], spelled(asks)
    low, high = WORDS
    echoed = sum(one in given for one in said) / len(said) if said else 1.0
    distinct = len(set(said)) / len(said) if said else 0.0
    parts = [" ".join(part.lower().split()) for part in re.split(r"(?<=[.!?])\s+|\n+", text) if len(part.split()) > 2]
    letters = [one for one in text if one.isalpha()]
    plain = sum(one.isascii() for one in letters) / len(letters) if letters else 0.0
    own = 0.9 if asks.isascii() else 0.0
    refusal, what = _REFUSES.search(text), foreign(text, given)
    return (
        Check.of("length", low <= len(said) <= high, f"{len(said)} words; {low} to {high} are wanted"),
        Check.of("finished", bool(_END.search(text)), f"it ends in {text[-12:]!r}"),
        Check.of("language", plain >= own, f"{plain:.0%} of its letters are of the ask's alphabet"),
        Check.of("echo", echoed < ECHO, f"{echoed:.0%} of its words stand in the ask"),
        Check.of(
            "repetition", distinct >= DISTINCT and len(set(parts)) == len(parts),
            f"{distinct:.0%} of its words are distinct, {len(parts) - len(set(parts))} sentences come again",
        ),
        Check.of("refusal", not refusal, f"it refuses: {refusal[0]!r}" if refusal else "it does not refuse"),
        Check.of("plain", not what, what or "nothing foreign"),
    )  # fmt: skip
