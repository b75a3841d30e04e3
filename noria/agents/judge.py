"""The judge rules with the evidence in front of it, and may only veto.

Its ruling is a choice of one word whose logprob is its confidence. Whether its veto counts
is decided each round by executed truth: unaided, it rules on planted right and wrong
answers and on what fools judges, and its card says whether it keeps a veto or is benched.
Where two right answers are compared it is asked in both orders, and a preference that
turns with the order is none.
"""

import asyncio
from collections.abc import Sequence
from math import exp
from typing import cast

from noria.agents.base import Agent, Ask
from noria.errors import ReplyError
from noria.evaluators.cards import JudgeCard, Ruled, judge_card
from noria.evaluators.domain import Domain
from noria.evaluators.planted import Pair, Plant, pairs, plants
from noria.types import Attempt, Critique, Dealt, Ruling, Task, Turn, Verdict

UNSEEN = "none shown"
PAIRS = 6
"""Pairs of a right and a wrong answer that a judge compares in its calibration."""

ENTAILED = 2
"""Attempt number of the question whether one statement follows from another."""

ORDERED = 10
"""Attempt numbers from here on are comparisons of one task's answers."""


class Judge(Agent):
    """Accepts or rejects; never admits what a check refused."""

    role = "judge"

    async def rule(
        self, dealt: Dealt, task: Task, attempt: Attempt, critique: Critique, *, veto_above: float,
        unaided: bool = False,
    ) -> Verdict:  # fmt: skip
        """Rule on a draft; `unaided` as it was calibrated, where its opinion alone admits.

        Raises:
            ReplyError: the reply is neither word.
        """
        shown = UNSEEN if unaided else evidence(attempt, critique)
        turn = await self.turn(dealt.episode, task.draft, 1, self.ruling(task.instruction, attempt.response, shown))
        ruling, confidence = read_ruling(turn)
        # Where a judge admits, an acceptance has to be as sure as a refusal elsewhere.
        veto = dealt.veto and ((ruling != "reject" and not unaided) or confidence >= veto_above)
        return Verdict(policy=self.policy, ruling=ruling, confidence=confidence, veto=veto)

    @staticmethod
    def ruling(instruction: str, response: str, evidence: str) -> Ask:
        """What a draft asks."""
        fields = {"instruction": instruction, "response": response, "evidence": evidence}
        return Ask(template="judge", fields=fields, max_tokens=4, choices=("accept", "reject"))

    async def entails(self, dealt: Dealt, task: Task, premise: str, statement: str) -> bool:
        """Whether a statement follows from a premise.

        Raises:
            ReplyError: the reply is neither word.
        """
        turn = await self.turn(dealt.episode, task.draft, ENTAILED, self.entailing(premise, statement))
        said = turn.replies[0].strip().lower() if turn.replies else ""
        if said not in ("yes", "no"):
            raise ReplyError(f"the judge said {said[:40]!r}, neither yes nor no")
        return said == "yes"

    @staticmethod
    def entailing(premise: str, statement: str) -> Ask:
        """What two statements ask."""
        fields = {"premise": premise, "statement": statement}
        return Ask(template="entails", fields=fields, max_tokens=4, choices=("yes", "no"))

    async def prefer(
        self, dealt: Dealt, task: Task, first: Attempt, second: Attempt, number: int = ORDERED
    ) -> Attempt | None:
        """The better of two right answers; none where the preference turns with the order or cannot be read."""
        said = first.response, second.response
        better = await self._compared(dealt.episode, task.draft, number, task.instruction, said)
        return None if better is None else (first, second)[better]

    async def _compared(
        self, episode: str, draft: int, number: int, instruction: str, answers: tuple[str, str]
    ) -> int | None:
        """Which of two answers is preferred in both orders, 0 or 1; none where the order decides."""

        async def pick(place: int) -> int | None:
            shown = answers if place == 0 else answers[::-1]
            turn = await self.turn(episode, draft, number + place, self.preferring(instruction, *shown))
            said = turn.replies[0].strip() if turn.replies else ""
            return {"first": place, "second": 1 - place}.get(said)

        one, two = await asyncio.gather(pick(0), pick(1))
        return one if one == two else None

    @staticmethod
    def preferring(instruction: str, first: str, second: str) -> Ask:
        """What two answers ask."""
        fields = {"instruction": instruction, "first": first, "second": second}
        return Ask(template="prefer", fields=fields, max_tokens=4, choices=("first", "second"))

    async def unaided(self, episode: str, planted: Sequence[Plant]) -> list[Ruled]:
        """Rule on planted answers with no evidence shown, all at once."""

        async def ruled(number: int, plant: Plant) -> Ruled:
            turn = await self.turn(episode, 1, number, self.ruling(plant.instruction, plant.response, UNSEEN))
            try:
                ruling, confidence = read_ruling(turn)
            except ReplyError:
                return Ruled(plant.kind, None, 0.0)
            return Ruled(plant.kind, ruling == "accept", confidence)

        return list(await asyncio.gather(*(ruled(at, one) for at, one in enumerate(planted, 1))))

    async def calibrate(
        self, episode: str, domains: Sequence[Domain], levels: Sequence[int], items: int, *, reserved: bool = False
    ) -> JudgeCard:
        """Rule unaided on planted answers, `items` right and wrong ones and what fools judges, all at once.

        With `reserved` they answer tasks that no sample may be made of, and so no judge was trained on.
        """

        async def preferred(number: int, pair: Pair) -> bool | None:
            better = await self._compared(episode, 2, 2 * number, pair.instruction, (pair.right, pair.wrong))
            return None if better is None else better == 0

        planted = plants(domains, levels, items, episode, reserved=reserved)
        shown = pairs(domains, levels, PAIRS if items else 0, episode, reserved=reserved)
        rulings = await self.unaided(episode, planted)
        return judge_card(rulings, await asyncio.gather(*(preferred(at, one) for at, one in enumerate(shown, 1))))


def evidence(attempt: Attempt, critique: Critique) -> str:
    """What the judge is shown: what the checks found, and the faults that the critic named."""
    found = [f"{check.name}: {check.evidence}" for check in attempt.checks]
    return "; ".join([*found, *(f"critic: {fault}" for fault in critique.faults)])


def read_ruling(turn: Turn) -> tuple[Ruling, float]:
    """The ruling of a turn and the probability its own logprobs give it."""
    said = turn.replies[0].strip().lower() if turn.replies else ""
    if said not in ("accept", "reject"):
        raise ReplyError(f"the judge said {said[:40]!r}, neither accept nor reject")
    weights = {choice: exp(logprob) for choice, logprob in turn.logprobs.items()}
    total = sum(weights.values())
    return cast("Ruling", said), weights.get(said, 0.0) / total if total and said in weights else 1.0
