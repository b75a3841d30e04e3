"""What a session asked of a seat, made again from what it recorded: the hand, or the episode.

    deal    ─► generator                    solver, critic, adversary, judge ◄─ draft, target, critique ─┐
    episode ─► drafts, attempts, critiques ─┴► reword ◄─ critique       prefer, explain, entails ◄───────┘

The fields come from the agents' own builders, so a rehearsal asks as play does. The target of a
draft is not recorded by name; it is found again by the rule it was chosen by (the judge's taste
between two right answers aside, where the shorter one stands in).
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from noria.agents.adversary import Adversary
from noria.agents.base import Ask
from noria.agents.critic import Critic
from noria.agents.generator import TOLD, Generator
from noria.agents.judge import Judge, evidence
from noria.agents.student import Solver
from noria.config import SessionConfig
from noria.errors import SessionError
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Runner
from noria.graphs.candidate import program_truth
from noria.graphs.rehearsing.question import Question
from noria.memory.history import History
from noria.types import Attempt, Critique, Dealt, Episode, Task

OPENING = ("generator", "ground", "self_instruct", "evolve", "hardened", "mistake")
"""Templates that open an episode."""
ASKED = (*OPENING, "solver", "explain", "entails", "reword", "prefer", "critic", "adversary", "judge", "restate")
"""Templates whose questions can be asked again; what the other methods ask hangs on what they found."""


@dataclass(frozen=True, slots=True)
class Source:
    """A session that is read."""

    history: History
    config: SessionConfig
    domains: Mapping[str, Domain]
    runner: Runner

    async def questions(self, template: str, episode: str = "") -> AsyncGenerator[Question, None]:
        """The questions that were asked with a template, newest round first; of one episode where it is named.

        Raises:
            SessionError: no episode of this name was dealt, or it is a method's own template.
        """
        if template not in ASKED:
            raise SessionError(f"{template!r} is a method's own template, whose questions cannot be asked again.")
        found = False
        for number, *_ in reversed(self.history.rounds()):
            for dealt in self.history.deal(number):
                if episode and dealt.episode != episode:
                    continue
                found = True
                if dealt.domain in self.domains and (asked := await self.question(template, dealt)) is not None:
                    yield asked
        if episode and not found:
            raise SessionError(f"The session dealt no episode {episode!r}.", mend="`noria trace SESSION` lists them.")

    async def question(self, template: str, dealt: Dealt) -> Question | None:
        """What an episode asked with a template; none where it did not come that far."""
        domain = self.domains[dealt.domain].at(dealt.level)
        heat = self.config.play.temperature if dealt.temperature is None else dealt.temperature
        opening = Generator.opening(dealt, domain, temperature=heat)
        if opening.template == template:
            return Question(dealt, domain, opening)
        ended = self.history.episode(dealt.episode)
        if template in OPENING or ended is None or not ended.drafts:
            return None
        task = ended.drafts[-1]
        made = [one for one in ended.attempts if one.task == task.id]
        if template == "solver":
            return Question(dealt, domain, Solver.solving(task, domain, n=1, temperature=heat), task) if made else None
        if template in ("explain", "entails"):
            return self._told(template, dealt, domain, task)
        if template == "reword":
            return self._reworded(dealt, domain, ended, heat)
        if template == "prefer":
            if len(distinct := sorted({one.response: one for one in made if one.passed}.values(), key=_length)) < 2:
                return None
            one, other = distinct[:2]
            return Question(dealt, domain, Judge.preferring(task.instruction, one.response, other.response), task, one)
        if template == "restate":
            one = await program_truth(dealt, domain, task, self.runner)
            again = Solver.restating(task, domain, one.response, n=1, temperature=heat)
            return Question(dealt, domain, again, task, one)
        critique = next(iter(ended.critiques[len(ended.drafts) - 1 :]), None)
        if critique is None or not (target := await self._target(dealt, domain, task, made)):
            return None
        return Question(dealt, domain, _reviewed(template, task, target, critique), task, target)

    async def _target(self, dealt: Dealt, domain: Domain, task: Task, made: list[Attempt]) -> Attempt | None:
        passed = sorted((one for one in made if one.passed), key=_length)
        return passed[0] if passed else await program_truth(dealt, domain, task, self.runner)

    def _reworded(self, dealt: Dealt, domain: Domain, ended: Episode, heat: float) -> Question | None:
        pairs = zip(ended.drafts, ended.critiques, strict=False)
        if not (pair := next((pair for pair in pairs if pair[1].faults), ())):
            return None
        task, critique = pair
        return Question(dealt, domain, Generator.rewording(domain, task, critique, temperature=heat), task)

    def _told(self, template: str, dealt: Dealt, domain: Domain, task: Task) -> Question | None:
        if (to_tell := domain.to_tell(task.grounding)) is None:
            return None
        program, meant = to_tell
        if template == "explain":
            return Question(dealt, domain, Generator.telling(program), task)
        for turn in self.history.trace(dealt.episode):
            if (turn.key.role, turn.key.draft, turn.key.attempt) == ("generator", task.draft, TOLD) and turn.replies:
                return Question(dealt, domain, Judge.entailing(Generator.told(turn), meant), task)
        return None


def _reviewed(template: str, task: Task, target: Attempt, critique: Critique) -> Ask:
    if template == "critic":
        return Critic.reviewing(task, target)
    if template == "adversary":
        return Adversary.claiming(task, target)
    return Judge.ruling(task.instruction, target.response, evidence(target, critique))


def _length(one: Attempt) -> tuple[int, str]:
    return len(one.response), one.response
