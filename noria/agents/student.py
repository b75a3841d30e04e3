"""The student, or whoever sits as solver, attempts a task; a program checks every attempt.

The k attempts of a task are one request with n replies, so that they share the prompt;
an endpoint that gives fewer is asked again for the rest.
"""

import asyncio
from collections.abc import Sequence

from noria.agents.base import Agent, Ask
from noria.errors import VerifierError
from noria.evaluators import form
from noria.evaluators.band import Band, fewest, outside
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Runner
from noria.failpoints import at
from noria.identity import content_id
from noria.types import RESTATED, Attempt, Check, Dealt, Source, Task, Turn

WHOLE: Band = (0.0, 1.0)
"""The band that nothing falls outside of."""

MARGIN = 8
"""Tokens a response may have beyond what a right answer needs."""


class Solver(Agent):
    """Answers tasks; the words of its prompt are the words it is trained on."""

    role = "solver"

    @staticmethod
    def solving(task: Task, domain: Domain, *, n: int, temperature: float) -> Ask:
        """What a task asks."""
        return Ask(
            template="solver",
            fields={"instruction": task.instruction},
            max_tokens=domain.answer_tokens + MARGIN,
            temperature=temperature,
            n=n,
        )

    async def attempt(
        self, dealt: Dealt, domain: Domain, task: Task, *, count: int, temperature: float, source: Source,
        after: int = 0, told: tuple[Check, ...] = (), band: Band = WHOLE,
    ) -> list[Attempt]:  # fmt: skip
        """Answer a task `count` times; the first answer is the likeliest where temperature is 0.

        `after` is the attempt number that those of its turns follow; `told` goes before the checks of each. Fewer
        are made where they decide that the solve rate falls outside of `band`.
        """
        made: list[Attempt] = []
        turns, wanted, runner = 0, fewest(count, band), self.desk.runner
        while len(made) < count and turns < count:
            turns += 1
            ask = self.solving(task, domain, n=wanted, temperature=temperature)
            turn = await self.turn(dealt.episode, task.draft, after + turns, ask)
            if not turn.replies:
                break
            # A turn found finished may be of the policy that sat here before.
            each = (checked(domain, task, said, turn.policy, source, runner, told) for said in turn.replies[:wanted])
            made += await asyncio.gather(*each)
            passed = sum(one.passed for one in made)
            if outside(passed, len(made) - passed, count, band):
                break
            wanted = count - len(made)
        return made

    @staticmethod
    def restating(task: Task, domain: Domain, response: str, *, n: int, temperature: float) -> Ask:
        """What a task asks together with an answer that is to be said in one's own words."""
        return Ask(
            template="restate",
            fields={"instruction": task.instruction, "response": response},
            max_tokens=domain.answer_tokens + MARGIN,
            temperature=temperature,
            n=n,
        )

    async def restate(
        self, dealt: Dealt, domain: Domain, task: Task, response: str, *, count: int, temperature: float,
        source: Source, after: int,
    ) -> list[Attempt]:  # fmt: skip
        """Say a right answer again in one's own words, in `count` ways; each is checked like any attempt."""
        ask = self.restating(task, domain, response, n=count, temperature=temperature)
        turn = await self.turn(dealt.episode, task.draft, after + 1, ask)
        runner = self.desk.runner
        told = (Check.of(RESTATED, True, f"said again, with {response[:80]!r} in sight"),)
        each = (checked(domain, task, said, turn.policy, source, runner, told) for said in turn.replies[:count])
        return list(await asyncio.gather(*each))

    async def examine(
        self, episode: str, draft: int, tasks: list[tuple[Task, Domain]], numbers: Sequence[int] = ()
    ) -> list[tuple[Attempt, bool]]:
        """Answer exam tasks once each, greedily, all at once: each attempt, and whether it was cut at its cap.

        `numbers` are the tasks' places in their exam, from 1, where these are not all of it.
        """

        async def answer(number: int, task: Task, domain: Domain) -> tuple[Attempt, bool]:
            ask = self.solving(task, domain, n=1, temperature=0.0)
            turn: Turn = await self.turn(episode, draft, number, ask)
            at("exam.answered")
            said, cut = turn.replies[0] if turn.replies else "", turn.finish[:1] == ("length",)
            try:
                return await checked(domain, task, said, self.policy, "student", self.desk.runner), cut
            except VerifierError as fault:  # it fails for parent and student alike, and the exam goes on
                failed = Check.of("verifier", False, str(fault))
                return attempted(task, said.strip(), self.policy, "student", (failed,)), cut

        places = numbers or range(1, len(tasks) + 1)
        return list(await asyncio.gather(*(answer(at, *one) for at, one in zip(places, tasks, strict=True))))


async def checked(
    domain: Domain, task: Task, response: str, policy: str, source: Source, runner: Runner,
    told: tuple[Check, ...] = (),
) -> Attempt:  # fmt: skip
    """A response with what the domain's program found, and whether it holds what no answer holds."""
    text = response.strip()
    found = await domain.check(task.grounding, text, runner)
    return attempted(task, text, policy, source, (*told, *found, form.response(text, task.instruction)))


def attempted(task: Task, text: str, policy: str, source: Source, checks: tuple[Check, ...]) -> Attempt:
    """An attempt of its content's id."""
    identity = {"task": task.id, "response": text, "policy": policy, "source": source}
    return Attempt(
        id=content_id("attempt", identity), task=task.id, response=text, policy=policy, source=source, checks=checks
    )
