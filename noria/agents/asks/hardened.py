"""The question after an attack: a task of the skill that does not have the weakness which was found."""

from noria.agents.asks.window import shown
from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.types import Dealt


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """A task that closes the hole of the brief."""
    fields = {
        "about": domain.about,
        "level": dealt.level,
        "weakness": dealt.brief["weakness"],
        "given": dealt.brief["given"][0],
        **shown(dealt, domain),
    }
    return Ask(
        template="hardened", fields=fields, max_tokens=domain.proposal_tokens, temperature=temperature,
        schema=domain.schema(dealt.level, dealt.window),
    )  # fmt: skip
