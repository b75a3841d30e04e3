"""What the seats are asked once a candidate is accepted: to advise, to write again, to say it otherwise, to score it.

    critic ─► advice      generator ─► wordings      solver ─► revised response      judge ─► score, ruling
                                                                                     adversary ─► subtle cases

Each question has an attempt number of its own. What cannot be read is none: the candidate stands.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from noria.agents.adversary import Adversary
from noria.agents.base import Ask
from noria.agents.critic import Critic
from noria.agents.generator import REWORDING, Generator
from noria.agents.judge import Judge, evidence
from noria.agents.replies import read
from noria.agents.student import MARGIN, Solver
from noria.agents.withholding import withheld
from noria.errors import ReplyError
from noria.evaluators.domain import WORDING_LIMIT, Domain
from noria.identity import canonical_json
from noria.types import Attempt, Critique, Dealt, Noun, Task, Turn

COACHED, REVISED, PARAPHRASED, CLEANSED, SCORED = 101, 102, 103, 104, 130
"""Attempt numbers of these questions, beyond those of any attempt."""
CHOICES = ("clean", "toxic")


class Advice(Noun):
    """What the critic advises, part by part; empty where it advises nothing, or what it said is withheld."""

    instruction: str
    response: str


class Case(Noun):
    """A subtle case that the adversary wrote, and its benign twin."""

    unkind: str
    kind: str


ADVICE, CASE = (
    {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": least, "maxLength": most} for name in model.model_fields},
        "required": list(model.model_fields),
        "additionalProperties": False,
    }
    for model, least, most in ((Advice, 0, 60), (Case, 10, 80))
)


@dataclass(frozen=True, slots=True)
class Enhancing:
    """The seats of one episode, asked about its accepted candidate."""

    critic: Critic
    generator: Generator
    solver: Solver
    judge: Judge

    async def advise(self, dealt: Dealt, domain: Domain, task: Task, attempt: Attempt) -> Advice | None:
        """The critic's advice on an accepted pair; none where it cannot be read."""
        shown = Critic.reviewing(task, attempt).fields
        ask = Ask(template="coach", fields=shown, max_tokens=90, schema=ADVICE)
        try:
            said = read(Advice, await self.critic.turn(dealt.episode, task.draft, COACHED, ask))
        except ReplyError:
            return None
        kept = {name: "" if withheld(text, domain, task, attempt) else text for name, text in said}
        return Advice.model_validate(kept)

    async def reword(
        self, dealt: Dealt, domain: Domain, task: Task, critique: Critique, *, number: int, temperature: float
    ) -> str:
        """Another wording by what was found; empty where none can be read."""
        ask = Generator.rewording(domain, task, critique, temperature=temperature)
        turn = await self.generator.turn(dealt.episode, task.draft + 1, number, ask)
        return next(iter(_wordings(turn)), "")

    async def paraphrase(
        self, dealt: Dealt, domain: Domain, task: Task, *, count: int, temperature: float
    ) -> list[str]:
        """Other wordings of a task, as many as can be read of those asked for."""
        parameters = canonical_json(domain.point(task.parameters).proposed())
        ask = Ask(
            template="paraphrase",
            fields={"about": domain.about, "instruction": task.instruction, "parameters": parameters},
            max_tokens=80, temperature=temperature, n=count, schema=REWORDING,
        )  # fmt: skip
        return _wordings(await self.generator.turn(dealt.episode, task.draft, PARAPHRASED, ask))

    async def revise(
        self, dealt: Dealt, domain: Domain, task: Task, attempt: Attempt, advice: str, *, number: int
    ) -> tuple[str, str]:
        """The response written again, and the policy that wrote it; empty where nothing came or it was cut."""
        ask = Ask(
            template="revise",
            fields={"instruction": task.instruction, "response": attempt.response, "advice": advice},
            max_tokens=domain.answer_tokens + MARGIN,
        )
        turn = await self.solver.turn(dealt.episode, task.draft, number, ask)
        return ("" if turn.finish[:1] == ("length",) or not turn.replies else turn.replies[0].strip()), turn.policy

    async def accepts(self, dealt: Dealt, task: Task, attempt: Attempt, *, number: int) -> bool:
        """Whether the judge accepts a revised pair, where no program can tell; what cannot be read is no."""
        plain = Critique(policy=self.critic.policy, faults=(), advice="", revise=False)
        ask = Judge.ruling(task.instruction, attempt.response, evidence(attempt, plain))
        turn = await self.judge.turn(dealt.episode, task.draft, number, ask)
        return bool(turn.replies) and turn.replies[0].strip().lower() == "accept"


async def toxicity(judge: Judge, place: str, draft: int, number: int, text: str) -> float | None:
    """The odds that the judge's policy gives to `toxic`, from 0 to 1; none where its reply is neither word."""
    turn = await judge.turn(place, draft, number, Ask("toxic", {"text": text}, max_tokens=4, choices=CHOICES))
    said = turn.replies[0].strip().lower() if turn.replies else ""
    if said not in CHOICES:
        return None
    odds = {choice: exp(turn.logprobs[choice]) for choice in CHOICES if choice in turn.logprobs}
    return odds.get("toxic", 0.0) / total if (total := sum(odds.values())) else float(said == "toxic")


async def subtle(adversary: Adversary, place: str, shown: Sequence[Sequence[str]]) -> list[Case]:
    """Cases that the adversary wrote, one for each few remarks it is shown; those that can be read."""

    async def written(number: int, remarks: Sequence[str]) -> list[Case]:
        ask = Ask("subtle", {"remarks": list(remarks)}, max_tokens=90, temperature=1.0, schema=CASE)
        try:
            return [read(Case, await adversary.turn(place, 1, number, ask))]
        except ReplyError:
            return []

    return [
        case for some in await asyncio.gather(*(written(at, one) for at, one in enumerate(shown, 1))) for case in some
    ]


def _wordings(turn: Turn) -> list[str]:
    """The wordings that a turn gave, each once, in order."""
    found = []
    for place in range(len(turn.replies)):
        try:
            found.append(Generator.told(turn.model_copy(update={"replies": turn.replies[place : place + 1]})))
        except ReplyError:
            continue
    return [one[:WORDING_LIMIT] for one in dict.fromkeys(found) if one]
