"""Gradient similarity: what would move the student's weights like right answers to what it is weak at.

    fresh tasks of the weak skills, answered by program ─► gradients ─► mean of each skill ─┐
    samples ────────────────────────────────────────────► gradients ─► cosine, the nearest ◄┘ ─► the most alike stay

After Xia et al., *LESS* (arXiv 2402.04333): gradients of the LoRA weights alone, projected by a
drawn sketch, each of length one. Their samples' gradients go through Adam's moments; no
optimiser's state is kept here, so they are plain ones. The targets are drawn from the part of
each domain that may be learned from: no item of any exam, frozen ones included, lies there.
"""

import random
from collections.abc import Iterator, Sequence

from noria.config.methods.dynamic import Gradients
from noria.evaluators.domain import Domain
from noria.identity import bucket, stream
from noria.memory.selections import keep_scores, scores
from noria.training.reading_job import Passage
from noria.training.selecting.apart import apart
from noria.training.selecting.ranking import best, quantiles
from noria.training.selecting.reading import given, skipped, whose
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

UNLIKE = "it would not move the student towards what it is weak at"
TARGETLESS = "no domain of the round has a program that answers its tasks"

WEAK = 0.5
"""Share right under which a skill counts as weak."""

TRIES = 60
"""Points drawn for each target that is wanted."""

INFLUENCE = "influence"


async def select(samples: Sequence[Sample], rules: Gradients, tools: Tools) -> Selected:
    """Keep the samples whose gradients are the likest to the targets'.

    Raises:
        ModelError: the student's adapter does not stand as it was trained.
        RunError: the reading failed.
    """
    policy, why = whose(tools, "student")
    if policy is None:
        return skipped(why)
    aims = list(targets(samples, rules.targets, tools))
    if not aims:
        return skipped(TARGETLESS)
    name = f"{INFLUENCE}/{tools.number}"
    found = scores(tools.history, name, policy.id, [one.id for one in samples])
    tokens = beyond = 0
    if not found:
        ordered = sorted(samples, key=lambda one: one.id)
        stream(tools.name, "gradients").shuffle(ordered)
        readings = await apart(
            tools, "influence", [policy], [*aims, *map(given, ordered)],
            max_tokens=rules.max_tokens, dimensions=rules.dimensions,
        )  # fmt: skip
        found = {key.partition("/")[2]: value for key, value in readings.influence.items()}
        tokens, beyond = readings.tokens, readings.beyond
        await keep_scores(tools.history, tools.number, name, policy.id, found)
    kept = best(found, rules.keep)
    facts = {
        "policy": policy.name, "targets": len(aims), "skills": sorted({one.group for one in aims}),
        "likeness": quantiles(found), "unscored": len(samples) - len(found), "beyond": beyond, "read_tokens": tokens,
    }  # fmt: skip
    return Selected({key: UNLIKE for key in sorted(found) if key not in kept}, found, facts)


def targets(samples: Sequence[Sample], count: int, tools: Tools) -> Iterator[Passage]:
    """Fresh tasks with right answers, of the skills that the last exam found weak; of all where it found none."""
    exams = tools.history.exams()
    marks = exams[-1].skills if exams else {}
    weak = {skill for skill, (items, right) in marks.items() if right < WEAK * items}
    places = sorted({(one.provenance.domain, one.provenance.level) for one in samples})
    families = [(tools.domains[name].at(level), level) for name, level in places if name in tools.domains]
    known = [(family, level) for family, level in families if family.warrant == "verified"]
    offered = {f"{family.name}/{skill}" for family, level in known for skill in family.skills(level)}
    wanted = weak & offered or offered
    rng, drawn, seen = stream(tools.name, "targets"), 0, set[str]()
    for at in range(TRIES * count if known else 0):
        family, level = known[at % len(known)]
        one = _drawn(family, level, rng, wanted, tools)
        if one is None or one.key in seen:
            continue
        seen.add(one.key)
        yield one.model_copy(update={"key": f"target/{drawn}"})
        drawn += 1
        if drawn == count:
            return


def _drawn(family: Domain, level: int, rng: random.Random, wanted: set[str], tools: Tools) -> Passage | None:
    """One task with its right answer, where the drawn point is of a wanted skill and may be learned from."""
    try:
        point = family.sample(level, rng)
        parameters = point.model_dump(mode="json")
        group = f"{family.name}/{parameters['skill']}"
        if group not in wanted or bucket(family.name, parameters) != "train":
            return None
        instruction, answer = family.phrase(point, rng), family.truth(point, rng)
    except Exception:  # a domain of one's own may raise anything
        return None
    prompt = tools.desk.templates.render("solver", instruction=instruction)
    return Passage(key=instruction, prompt=tuple(prompt), answer=answer, group=group)
