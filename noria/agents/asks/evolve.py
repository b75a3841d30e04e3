"""Evol-Instruct's question: in `open` the parent with what is to be done to it; elsewhere the moved window's own.

In an executed domain the operator has moved the window already, and a parent beside it would only be repeated.
"""

from noria.agents.base import Ask
from noria.agents.generator import Generator
from noria.evaluators.domain import Domain
from noria.types import Dealt

OPERATORS = {
    "deepen": "Make it harder: ask for more depth, or for one more step of thought",
    "widen": "Ask something new of the same field that is rarer, and about as long",
    "constrain": "Add one condition that the answer must keep",
}
"""What the operators say (arXiv 2304.12244), in words a small model follows."""


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """What the hand's operator asks."""
    if domain.warrant == "verified":
        return Generator.proposing(dealt, domain, temperature=temperature)
    fields = {
        "about": domain.about,
        "skill": str(dealt.window["skill"]),
        "operator": OPERATORS[dealt.brief["operator"]],
        "given": dealt.brief["given"][0],
        "topic": dealt.seed.text if dealt.seed.kind == "topic" else "",
    }
    return Ask(
        template="evolve", fields=fields, max_tokens=domain.proposal_tokens, temperature=temperature,
        schema=domain.schema(dealt.level, dealt.window),
    )  # fmt: skip
