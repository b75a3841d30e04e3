"""What every strategy's question shows of its window: the skill, and a task of it by program, as JSON."""

from noria.evaluators.domain import Domain
from noria.identity import canonical_json, stream
from noria.types import Dealt


def shown(dealt: Dealt, domain: Domain) -> dict[str, str]:
    """The fields `skill` and `example_json`."""
    rng = stream(dealt.random, "example")
    point = domain.sample(dealt.level, rng, dealt.window)
    example, wording = point.proposed(), domain.phrase(point, rng)
    text = canonical_json(example)[:-1] + f',"instruction":{canonical_json(wording)}}}'
    return {"skill": str(example["skill"]), "example_json": text}
