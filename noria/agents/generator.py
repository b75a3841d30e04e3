"""The generator chooses a task's parameters inside the dealt window and words it.

A tiny policy chooses well and words badly, so the two are kept apart: the JSON schema
makes every choice valid, a program grounds it, and the wording is used only where the
domain's program finds that it still says what the parameters say. Of rows and neighbours
it is shown what holds nothing foreign (see `evaluators/foreign.py`).
"""

from noria.agents.asks import asking
from noria.agents.base import Agent, Ask
from noria.agents.replies import read
from noria.agents.unasked import alone, spoken
from noria.errors import ReplyError
from noria.evaluators.domain import WORDING_LIMIT, Domain, Parameters
from noria.evaluators.foreign import foreign
from noria.identity import canonical_json, stream
from noria.types import Critique, Dealt, Noun, Task, Turn


class Wording(Noun):
    """The reply to a request for another wording."""

    instruction: str


REWORDING = {
    "type": "object",
    "properties": {"instruction": {"type": "string", "minLength": 10, "maxLength": 140}},
    "required": ["instruction"],
    "additionalProperties": False,
}


TOLD = 2
"""Attempt number of the words that a program is told in."""


class Generator(Agent):
    """Proposes tasks, and words them again when the critic asks."""

    role = "generator"

    fell_back = False
    """Whether it was to speak unasked and had to be asked."""

    async def propose(self, dealt: Dealt, domain: Domain, *, temperature: float) -> str:
        """The reply to the deal: JSON of parameters and instruction, empty where none came or it was cut."""
        ask = self.opening(dealt, domain, temperature=temperature)
        turn = await spoken(self, dealt.episode, ask) if ask.unasked else None
        turn = turn or await self.turn(dealt.episode, 1, 1, ask)
        self.fell_back = ask.unasked and not alone(turn)
        if turn.finish[:1] == ("length",) or not turn.replies:
            return ""
        said = turn.replies[0]
        return canonical_json({"skill": dealt.window["skill"], "instruction": said}) if alone(turn) else said

    @classmethod
    def opening(cls, dealt: Dealt, domain: Domain, *, temperature: float) -> Ask:
        """What opens an episode: what the hand's strategy asks, or a proposal in its window."""
        own = asking(dealt.strategy)
        return own(dealt, domain, temperature) if own else cls.proposing(dealt, domain, temperature=temperature)

    @classmethod
    def proposing(cls, dealt: Dealt, domain: Domain, *, temperature: float) -> Ask:
        """What a deal asks."""
        example, wording = cls._example(dealt, domain)
        row = dealt.seed.text[:WORDING_LIMIT] if dealt.seed.kind == "row" else ""
        return Ask(
            template="generator",
            fields={
                "about": domain.about,
                "level": dealt.level,
                "skill": str(example["skill"]),
                "example": wording,
                "example_json": canonical_json(example)[:-1] + f',"instruction":{canonical_json(wording)}}}',
                "topic": dealt.seed.text if dealt.seed.kind == "topic" else str(dealt.window.get("subject", "")),
                "seed_text": "" if foreign(row) else row,
                "neighbours": [one for one in dealt.neighbours if not foreign(one)],
                "weak": list(dealt.weak),
            },
            max_tokens=domain.proposal_tokens,
            temperature=temperature,
            schema=domain.schema(dealt.level, dealt.window),
        )

    @staticmethod
    def _example(dealt: Dealt, domain: Domain) -> tuple[dict[str, object], str]:
        """A task of the same window by program: its parameters and one of its phrasings."""
        rng = stream(dealt.random, "example")
        point: Parameters = domain.sample(dealt.level, rng, dealt.window)
        return point.proposed(), domain.phrase(point, rng)

    async def explain(self, dealt: Dealt, task: Task, program: str) -> str:
        """What a program asks of a text, in words of one who has seen nothing but the program.

        Raises:
            ReplyError: the reply cannot be read.
        """
        return self.told(await self.turn(dealt.episode, task.draft, TOLD, self.telling(program)))

    @staticmethod
    def telling(program: str) -> Ask:
        """What a program asks."""
        return Ask(template="explain", fields={"program": program}, max_tokens=80, schema=REWORDING)

    @staticmethod
    def told(turn: Turn) -> str:
        """The wording that a turn gave.

        Raises:
            ReplyError: the reply cannot be read.
        """
        return " ".join(read(Wording, turn).instruction.split())[:WORDING_LIMIT]

    async def reword(self, dealt: Dealt, domain: Domain, task: Task, critique: Critique, *, temperature: float) -> str:
        """Another wording of the same task; empty where none can be read."""
        ask = self.rewording(domain, task, critique, temperature=temperature)
        turn = await self.turn(dealt.episode, task.draft + 1, 1, ask)
        try:
            return self.told(turn)
        except ReplyError:
            return ""

    @staticmethod
    def rewording(domain: Domain, task: Task, critique: Critique, *, temperature: float) -> Ask:
        """What a critique asks."""
        return Ask(
            template="reword",
            fields={
                "about": domain.about,
                "instruction": task.instruction,
                "parameters": canonical_json(domain.point(task.parameters).proposed()),
                "faults": list(critique.faults),
                "advice": critique.advice,
            },
            max_tokens=80,
            temperature=temperature,
            schema=REWORDING,
        )
