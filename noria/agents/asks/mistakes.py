"""A mistake of the student as a seed: the generator is shown the failed task and asked for another of its kind.

    failed task (fenced) ─┐
    a task beside it ─────┴─► mistake.md ─► proposal in the window around it

The example in its form is a neighbour of the failed task, by program, so that the very task is
never the easiest thing to repeat.
"""

from noria.agents.base import Ask
from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.foreign import foreign
from noria.identity import bucket, canonical_json, stream
from noria.types import Dealt


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """What a hand that was dealt around a mistake asks (LLM2LLM, arXiv 2403.15042)."""
    brief, rng = dealt.brief, stream(dealt.random, "example")
    example = _beside(dealt, domain)
    wording = domain.phrase(example, rng)
    proposed = example.proposed()
    answer = str(brief["response"])
    return Ask(
        template="mistake",
        fields={
            "about": domain.about,
            "level": dealt.level,
            "skill": str(proposed["skill"]),
            "example": wording,
            "example_json": canonical_json(proposed)[:-1] + f',"instruction":{canonical_json(wording)}}}',
            "instruction": str(brief["instruction"]),
            "response": "" if foreign(answer) else answer,
            "neighbours": [one for one in dealt.neighbours if not foreign(one)],
        },
        max_tokens=domain.proposal_tokens,
        temperature=temperature,
        schema=domain.schema(dealt.level, dealt.window),
    )


def _beside(dealt: Dealt, domain: Domain) -> Parameters:
    """A neighbour of the failed task that may be learned, of its skill; or any task of the window."""
    rng = stream(dealt.random, "beside")
    failed = domain.point(dealt.brief["parameters"])
    skill = failed.model_dump(mode="json")["skill"]
    for point in domain.neighbours(failed, dealt.level, rng):
        parameters = point.model_dump(mode="json")
        if parameters["skill"] == skill and bucket(domain.name, parameters) == "train":
            return point
    return domain.sample(dealt.level, rng, dealt.window)
