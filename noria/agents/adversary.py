"""The adversary tries to break a candidate before anyone trains on it.

    programs probe first, for they are free ─► held? ─► broken
                                                 └ no ─► the policy's own attempt ─► a program decides

The policy gives another answer that it holds to be defensible, a shortcut, or a leak. An
opinion alone breaks nothing: what holds and what does not is in `evaluators/probes.py`.
"""

from typing import Literal

from noria.agents.base import Agent, Ask
from noria.agents.replies import read
from noria.agents.withholding import FOREIGN, withheld
from noria.evaluators import probes
from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.evaluators.readings import Beside
from noria.types import Attack, Attempt, Dealt, Noun, Probe, Task


class Reply(Noun):
    """What the adversary owes."""

    kind: Literal["ambiguity", "leak", "shortcut"]
    answer: str
    claim: str


SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["ambiguity", "leak", "shortcut"]},
        "answer": {"type": "string", "minLength": 1, "maxLength": 60},
        "claim": {"type": "string", "maxLength": 40},
    },
    "required": ["kind", "answer", "claim"],
    "additionalProperties": False,
}


class Adversary(Agent):
    """Probes by program, then by policy; every probe is checked by program."""

    role = "adversary"

    async def challenge(self, dealt: Dealt, domain: Domain, task: Task, attempt: Attempt) -> Attack:
        """Attack a draft.

        Raises:
            ReplyError: the policy's reply cannot be read.
        """
        beside = Beside(domain, task)
        found = await probes.attack(domain, task, attempt.response, self.desk.runner, beside)
        if not any(probe.held for probe in found):
            found = (*found, await self.claim(dealt, domain, task, attempt, beside))
        return Attack(policy=self.policy, probes=found)

    async def claim(
        self, dealt: Dealt, domain: Domain, task: Task, attempt: Attempt, beside: Beside | None = None
    ) -> Probe:
        """The policy's own attempt on a draft, and what a program made of it.

        Raises:
            ReplyError: its reply cannot be read.
        """
        turn = await self.turn(dealt.episode, task.draft, 1, self.claiming(task, attempt))
        reply = read(Reply, turn)
        probe = await probes.claimed(domain, task, reply.kind, reply.answer, reply.claim, self.desk.runner, beside)
        if foreign(reply.answer):
            cut = {"response": "", "evidence": probe.evidence.partition(":")[0], "withheld": FOREIGN}
            probe = probe.model_copy(update=cut)
        if why := withheld(reply.claim, domain, task, attempt):
            probe = probe.model_copy(update={"claim": "", "withheld": why})
        return probe

    @staticmethod
    def claiming(task: Task, attempt: Attempt) -> Ask:
        """What a draft asks."""
        fields = {"instruction": task.instruction, "response": attempt.response}
        return Ask(template="adversary", fields=fields, max_tokens=110, schema=SCHEMA)
