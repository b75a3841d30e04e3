"""What a candidate says is new: exact keys, and free text with the rest of its parameters as its shape."""

from dataclasses import dataclass

from noria.evaluators.domain import Domain, Parameters
from noria.identity import content_id


def shape(point: Parameters, domain: Domain) -> str:
    """The parameters without their free text, as a hash; where the text is all that is asked, the domain alone."""
    if domain.warrant == "judged":
        return content_id("shape", [domain.name])
    text = domain.free_text(point)
    rest = {key: None if text and value == text else value for key, value in point.model_dump(mode="json").items()}
    return content_id("shape", [domain.name, rest])


@dataclass(frozen=True, slots=True)
class Claim:
    """What a candidate says is new."""

    keys: tuple[str, ...]
    """Exact keys: the canonical parameters, the solution's signature."""
    free_text: str
    shape: str
    """The rest of the parameters, as a hash: free texts are compared within one shape."""
