"""The judge rules with the evidence in front of it, and may only veto.

Its ruling is a choice of one word whose logprob is its confidence. Whether its veto counts
is decided each round by executed truth: it rules, unaided, on planted right and wrong
answers, and keeps a veto only if it tells them apart beyond chance. Where two right
answers are compared it is asked in both orders, and a preference that turns with the order
is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import cast

from noria.agents.base import Agent, Ask
from noria.errors import ReplyError
from noria.evaluators.domain import Domain
from noria.evaluators.gate import wilson
from noria.identity import stream
from noria.types import Attempt, Critique, Dealt, Ruling, Task, Turn, Verdict

UNSEEN = "none shown"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a judge did on answers whose truth a program knows."""

    right: int
    right_accepted: int
    wrong: int
    wrong_rejected: int
    unreadable: int

    @property
    def veto(self) -> bool:
        """Whether it tells right from wrong beyond chance: the 95 % intervals of its two acceptance rates part."""
        low, _ = wilson(self.right_accepted, self.right)
        _, high = wilson(self.wrong - self.wrong_rejected, self.wrong)
        return self.right > 0 and self.wrong > 0 and low > high


class Judge(Agent):
    """Accepts or rejects; never admits what a check refused."""

    role = "judge"

    async def rule(
        self, dealt: Dealt, task: Task, attempt: Attempt, critique: Critique, *, veto_above: float
    ) -> Verdict:
        """Rule on a draft.

        Raises:
            ReplyError: the reply is neither word.
        """
        found = [f"{check.name}: {check.evidence}" for check in attempt.checks]
        evidence = "; ".join([*found, *(f"critic: {fault}" for fault in critique.faults)])
        turn = await self._rule(dealt.episode, task.draft, 1, task.instruction, attempt.response, evidence)
        ruling, confidence = _read(turn)
        veto = dealt.veto and (ruling != "reject" or confidence >= veto_above)
        return Verdict(policy=self.policy, ruling=ruling, confidence=confidence, veto=veto)

    async def _rule(
        self, episode: str, draft: int, attempt: int, instruction: str, response: str, evidence: str
    ) -> Turn:
        fields = {"instruction": instruction, "response": response, "evidence": evidence}
        ask = Ask(template="judge", fields=fields, max_tokens=4, choices=("accept", "reject"))
        return await self.turn(episode, draft, attempt, ask)

    async def prefer(self, dealt: Dealt, task: Task, first: Attempt, second: Attempt) -> Attempt | None:
        """The better of two right answers; none where the preference turns with the order or cannot be read."""
        picks: list[str] = []
        for place, (one, two) in enumerate(((first, second), (second, first))):
            fields = {"instruction": task.instruction, "first": one.response, "second": two.response}
            ask = Ask(template="prefer", fields=fields, max_tokens=4, choices=("first", "second"))
            turn = await self.turn(dealt.episode, task.draft, 10 + place, ask)
            said = turn.replies[0].strip() if turn.replies else ""
            picks.append({"first": one.id, "second": two.id}.get(said, ""))
        if picks[0] != picks[1]:
            return None
        return next((attempt for attempt in (first, second) if attempt.id == picks[0]), None)

    async def calibrate(
        self, episode: str, domains: Sequence[Domain], levels: Sequence[int], items: int
    ) -> Calibration:
        """Rule unaided on planted answers, half of them right, and count."""
        counts = {"right": 0, "right_accepted": 0, "wrong": 0, "wrong_rejected": 0, "unreadable": 0}
        for number in range(items):
            rng = stream(episode, number)
            at = (number // 2) % len(domains)
            domain, planted_right = domains[at], number % 2 == 0
            point = domain.sample(levels[at], rng)
            response = domain.truth(point, rng) if planted_right else domain.wrong(point, rng)
            turn = await self._rule(episode, 1, number + 1, domain.phrase(point, rng), response, UNSEEN)
            try:
                ruling, _ = _read(turn)
            except ReplyError:
                counts["unreadable"] += 1
                continue
            counts["right" if planted_right else "wrong"] += 1
            counts["right_accepted"] += planted_right and ruling == "accept"
            counts["wrong_rejected"] += (not planted_right) and ruling == "reject"
        return Calibration(**counts)


def _read(turn: Turn) -> tuple[Ruling, float]:
    """The ruling of a turn and the probability its own logprobs give it."""
    said = turn.replies[0].strip().lower() if turn.replies else ""
    if said not in ("accept", "reject"):
        raise ReplyError(f"the judge said {said[:40]!r}, neither accept nor reject")
    weights = {choice: exp(logprob) for choice, logprob in turn.logprobs.items()}
    total = sum(weights.values())
    return cast("Ruling", said), weights.get(said, 0.0) / total if total and said in weights else 1.0
