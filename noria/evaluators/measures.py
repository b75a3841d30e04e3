"""Measures of one round, taken once and kept: what the guards compare from round to round.

    ended episodes ─► signatures, solve rates, entropy, pass@k, acceptance   (Strata: by domain and level)
    accepted rows  ─► length                                                 (Strata)
                   ─► distinct-n, compression, spread, nearest, Vendi        (Against: the program's own tasks)

The sets are held against a twin by program: for every accepted sample one task of the same
domain, level and window, worded and answered by program. So neither the count nor what was
dealt moves the ratio, and what is left is what the pool made of it. The same ledger gives the
same measures.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil, log
from typing import Any

from pydantic import Field

from noria.evaluators import diversity
from noria.evaluators.collapse import Strata, entropy, pass_at_k
from noria.evaluators.diversity import Against, Vectors
from noria.evaluators.domain import Domain
from noria.identity import stream
from noria.types import Attempt, Dealt, Episode, Json, Noun, Reason, Sample, Stage, Task

NOT_ITS_OWN = (Reason.ENDPOINT, Reason.FAULT, Reason.VERIFIER, Reason.UNTRUSTED)
"""Ends that say nothing of what was proposed: a fault elsewhere, or a verifier that nobody trusts."""

SETS = ("distinct_1", "distinct_2", "distinct_3", "compression", "spread", "nearest", "vendi")

STAGES = tuple(Stage)


class Measured(Noun):
    """What was measured of a round."""

    accepted: int = 0
    strata: dict[str, Strata] = Field(default={})
    """Values of tasks, by measure."""
    sets: dict[str, dict[str, float]] = Field(default={})
    """`Against` of each measure of the accepted set; empty where too little was accepted to hold against anything."""
    k: int = 0
    """The k of pass@k."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted answer with the task it answers."""

    sample: Sample
    task: Task
    domain: Domain
    dealt: Dealt

    @property
    def response(self) -> str:
        """What was answered."""
        return self.sample.messages[-1].content

    @property
    def stratum(self) -> str:
        """Its domain and level."""
        return f"{self.task.domain}/{self.task.level}"


def accepted(
    samples: Iterable[Sample], episodes: Iterable[Episode], deal: Iterable[Dealt], domains: Mapping[str, Domain]
) -> list[Accepted]:
    """The accepted answers whose task and domain are there, in the order of their ids."""
    tasks = {task.id: task for episode in episodes for task in episode.drafts}
    hands = {one.episode: one for one in deal}
    return [
        Accepted(one, tasks[one.provenance.task], domains[story.domain].at(story.level), hands[story.episode])
        for one in sorted(samples, key=lambda sample: sample.id)
        for story in [one.provenance]
        if one.role == "solver" and story.task in tasks and story.domain in domains and story.episode in hands
        if story.warrant == "verified"  # what no program knows has no twin by program
    ]


def _alone(made: Attempt) -> bool:
    """Whether the solver made it, with nothing but the task before it."""
    return made.source != "program" and not made.aided


def measure(
    episodes: Sequence[Episode],
    rows: Sequence[Accepted],
    domains: Mapping[str, Domain],
    embed: Callable[[list[str]], Vectors],
    name: str,
) -> Measured:
    """Measure a round; `name` names its random streams."""
    own = [one for one in episodes if one.reason not in NOT_ITS_OWN]
    formed = [one for one in own if STAGES.index(one.stage) >= STAGES.index(Stage.WELL_FORMED)]
    repeats = (Reason.DUPLICATE, Reason.NEAR_DUPLICATE)
    tried = [
        (_stratum(one), task, answers)
        for one in own
        for task in one.drafts
        for answers in [[made for made in one.attempts if made.task == task.id and _alone(made)]]
        if len(answers) > 1
    ]
    rates = [(stratum, sum(one.passed for one in made) / len(made)) for stratum, _, made in tried]
    means = {stratum: total / count for stratum, (count, total, _) in Strata.of(rates).sums.items()}
    k = max(2, ceil(max((len(made) for *_, made in tried), default=0) / 2))
    strata = {
        "acceptance": Strata.of((_stratum(one), float(one.outcome == "accepted")) for one in own),
        "signatures": Strata.of((_stratum(one), float(one.reason not in repeats)) for one in formed),
        "solve_rate": Strata.of(rates),
        "solve_rates": Strata.of((stratum, (rate - means[stratum]) ** 2) for stratum, rate in rates),
        "pass_at_k": Strata.of(
            (stratum, pass_at_k(len(made), sum(one.passed for one in made), min(k, len(made))))
            for stratum, _, made in tried
        ),
        "entropy": Strata.of(
            (stratum, entropy(said))
            for stratum, task, made in tried
            if task.domain in domains
            for said in [_telling(domains[task.domain].at(task.level), task, made)]
            if len(said) > 1
        ),
        "length": Strata.of(_lengths(rows)),
    }
    return Measured(accepted=len(rows), strata=strata, sets=_sets(rows, embed, name), k=k)


def _stratum(episode: Episode) -> str:
    return f"{episode.domain}/{episode.level}"


def _telling(domain: Domain, task: Task, made: Sequence[Attempt]) -> list[str]:
    """The answers whose sameness is a loss: where one alone is right, right answers are meant to be the same."""
    single = domain.single(task.grounding)
    return [one.response for one in made if not (single and one.passed)]


def _lengths(rows: Iterable[Accepted]) -> Iterable[tuple[str, float]]:
    """Log of an answer's length over that of the program's answer to the same task."""
    for one in rows:
        if (own := _truth(one.domain, one.task.parameters, one.task.id)) is not None:
            yield one.stratum, log((len(one.response) + 1) / (len(own) + 1))


def _truth(domain: Domain, parameters: Json, name: str) -> str | None:
    """The program's answer; none where a domain of one's own raises, or a later version has no such task."""
    try:
        return domain.truth(domain.point(parameters), stream("length", name))
    except Exception:  # somebody else's domain may raise anything
        return None


def _twin(one: Accepted, name: str) -> str | None:
    """A task of the same domain, level and window by program, with its answer; none where a domain raises."""
    rng = stream(name, "twin", one.sample.provenance.episode)
    try:
        point = one.domain.sample(one.task.level, rng, one.dealt.window)
        return f"{one.domain.phrase(point, rng)}\n{one.domain.truth(point, rng)}"
    except Exception:  # somebody else's domain may raise anything
        return None


def _sets(rows: Sequence[Accepted], embed: Callable[[list[str]], Vectors], name: str) -> dict[str, dict[str, float]]:
    rng = stream(name, "sets")
    thinned = rng.sample(rows, min(len(rows), diversity.MOST))
    pairs = [(f"{one.task.instruction}\n{one.response}", twin) for one in thinned if (twin := _twin(one, name))]
    if len(pairs) < 4:
        return {}
    texts = [text for text, _ in pairs], [twin for _, twin in pairs]
    vectors = embed(texts[0]), embed(texts[1])

    def told(measure: Callable[[Sequence[str]], float]) -> Against:
        of_text = [lambda at, own=own: measure([own[one] for one in at]) for own in texts]
        return diversity.against(of_text[0], of_text[1], len(pairs), stream(name, "halves"))

    def shown(measure: Callable[[Vectors], float]) -> Against:
        of_vectors = [lambda at, own=own: measure(own[list(at)]) for own in vectors]
        return diversity.against(of_vectors[0], of_vectors[1], len(pairs), stream(name, "halves"))

    found = {f"distinct_{n}": told(partial(diversity.distinct, n=n)) for n in (1, 2, 3)}
    found["compression"] = told(diversity.incompressible)
    of_meaning: dict[str, Any] = {"spread": diversity.spread, "nearest": diversity.nearest, "vendi": diversity.vendi}
    found |= {key: shown(measure) for key, measure in of_meaning.items()}
    return {key: asdict(value) for key, value in found.items()}
