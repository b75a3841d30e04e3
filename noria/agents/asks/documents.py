"""How the generator is asked about a passage: it picks a span of it, then words the question that the span answers."""

from typing import Any

from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.types import Dealt


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """What a hand of the domain `grounded` asks."""
    window: dict[str, Any] = dealt.window
    return Ask(
        template="ground",
        fields={
            "skill": str(window["skill"]),
            "passage": dealt.seed.text,
            "spans": window["spans"],
            "weak": list(dealt.weak),
        },
        max_tokens=domain.proposal_tokens,
        temperature=temperature,
        schema=domain.schema(dealt.level, window),
    )
