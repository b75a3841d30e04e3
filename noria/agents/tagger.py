"""The critic's seat names what an instruction asks for, in short tags (#InsTag, arXiv 2308.07074).

instruction ─► tag.md ─► JSON list of short texts ─► normalised ─► tags, or none where it cannot be read
"""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from noria.agents.base import Agent, Ask
from noria.agents.replies import read
from noria.errors import ReplyError
from noria.types import Noun

LONGEST = 28
"""Characters of a tag."""

MOST = 6
"""Tags of an instruction."""

TOLD = 1500
"""Characters of an instruction that are shown."""

SCHEMA = {
    "type": "object",
    "properties": {
        "tags": {
            "type": "array", "minItems": 1, "maxItems": MOST,
            "items": {"type": "string", "minLength": 2, "maxLength": LONGEST},
        },
    },
    "required": ["tags"],
    "additionalProperties": False,
}  # fmt: skip


class Reply(Noun):
    """What the tagger owes."""

    tags: tuple[Annotated[str, StringConstraints(max_length=LONGEST)], ...] = Field(max_length=MOST)


class Tagger(Agent):
    """Tags instructions, each in a turn of its own."""

    role = "critic"

    async def tags(self, place: str, number: int, instruction: str) -> frozenset[str] | None:
        """The tags of an instruction, by its place among those asked about; none where the reply cannot be read.

        Raises:
            EndpointError: the endpoint cannot answer.
        """
        turn = await self.turn(place, 1, number, self.tagging(instruction))
        try:
            found = normal(read(Reply, turn).tags)
        except ReplyError:
            return None
        return found or None

    @staticmethod
    def tagging(instruction: str) -> Ask:
        """What an instruction asks."""
        return Ask(template="tag", fields={"instruction": instruction[:TOLD]}, max_tokens=90, schema=SCHEMA)


def normal(tags: tuple[str, ...]) -> frozenset[str]:
    """Tags that say the same as one: lower case, letters and digits alone, the last word's plural off."""
    found = (" ".join(re.findall(r"[^\W_]+", one.casefold())) for one in tags)
    return frozenset(one.removesuffix("s") if len(one) > 4 and not one.endswith("ss") else one for one in found if one)
