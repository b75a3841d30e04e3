"""The critic names the faults of a candidate and may ask for another draft; it mends nothing."""

from typing import Literal, get_args

from pydantic import Field

from noria.agents.base import Agent, Ask
from noria.agents.replies import read
from noria.agents.withholding import withheld
from noria.evaluators.domain import Domain
from noria.types import Attempt, Critique, Dealt, Noun, Task

Fault = Literal["unclear", "value missing", "value wrong", "ambiguous", "off subject", "clumsy"]
"""What may be wrong with a wording."""


class Reply(Noun):
    """What the critic owes."""

    faults: tuple[Fault, ...] = Field(max_length=2)
    revise: bool
    advice: str


SCHEMA = {
    "type": "object",
    "properties": {
        "faults": {"type": "array", "items": {"enum": list(get_args(Fault))}, "minItems": 0, "maxItems": 2},
        "revise": {"type": "boolean"},
        "advice": {"type": "string", "maxLength": 40},
    },
    "required": ["faults", "revise", "advice"],
    "additionalProperties": False,
}


class Critic(Agent):
    """Reads instruction, response and what the checks found."""

    role = "critic"

    async def review(self, dealt: Dealt, domain: Domain, task: Task, attempt: Attempt) -> Critique:
        """Name the faults of a draft.

        Raises:
            ReplyError: the reply cannot be read.
        """
        turn = await self.turn(dealt.episode, task.draft, 1, self.reviewing(task, attempt))
        reply = read(Reply, turn)
        # A wish without a fault names nothing that another draft could mend.
        revise = reply.revise and bool(reply.faults)
        why = withheld(reply.advice, domain, task, attempt)
        return Critique(
            policy=self.policy, faults=reply.faults, advice="" if why else reply.advice, revise=revise, withheld=why
        )

    @staticmethod
    def reviewing(task: Task, attempt: Attempt) -> Ask:
        """What a draft asks: it is shown the names of the checks that passed, and nothing they found."""
        return Ask(
            template="critic",
            fields={
                "instruction": task.instruction,
                "response": attempt.response,
                "evidence": ", ".join(f"{check.name} passed" for check in attempt.checks if check.passed),
            },
            max_tokens=110,
            schema=SCHEMA,
        )
