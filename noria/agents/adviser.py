"""The adviser reads a bounded account of what was accepted and refused, and names what is missing.

account (by program) ─► areas, of those there are, and one wish in a sentence ─► the next plan

After Data Advisor (arXiv 2410.05269), which has a model summarise the data so far, find what is
missing and advise what to write next. Here the summary is a program's, so that the adviser cannot
misremember, and what it may name is an enum, so that it cannot invent an area. Its wish is a
model's text: what is foreign in it (see `evaluators/foreign.py`) is dropped by who passes it on.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from noria.agents.base import Agent, Ask
from noria.agents.replies import read
from noria.types import Noun

WISH = 100
"""Characters of a wish at most."""


class Advice(Noun):
    """What the adviser owes."""

    areas: tuple[str, ...] = Field(min_length=1)
    """Areas (`domain/skill/level`) to practise more."""
    wish: str


class Adviser(Agent):
    """Advises on the next plan; it holds the critic's seat, or is an endpoint."""

    role = "critic"

    async def advise(self, place: str, counts: Sequence[str], samples: Sequence[str], areas: Sequence[str],
                     most: int) -> Advice:  # fmt: skip
        """What is missing, asked once for each place (such as `adviser-r0002`).

        Raises:
            ReplyError: the reply cannot be read, or names an area that there is not.
            EndpointError: the policy cannot answer.
        """
        turn = await self.turn(place, 1, 1, self.advising(counts, samples, areas, most))
        found = read(Advice, turn)
        return found.model_copy(update={"areas": tuple(dict.fromkeys(one for one in found.areas if one in areas))})

    @staticmethod
    def advising(counts: Sequence[str], samples: Sequence[str], areas: Sequence[str], most: int) -> Ask:
        """What an account asks."""
        return Ask(
            template="adviser",
            fields={"counts": list(counts), "samples": list(samples)},
            max_tokens=160,
            schema=_schema(areas, most),
        )


def _schema(areas: Sequence[str], most: int) -> dict[str, Any]:
    named = {"type": "array", "items": {"enum": list(areas)}, "minItems": 1, "maxItems": most}
    wish = {"type": "string", "minLength": 10, "maxLength": WISH}
    return {
        "type": "object", "properties": {"areas": named, "wish": wish}, "required": ["areas", "wish"],
        "additionalProperties": False,
    }  # fmt: skip
