"""Self-Instruct's question: the window's task as ever, with accepted instructions shown as what others asked."""

from noria.agents.asks.window import shown
from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.types import Dealt


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """A new task beside the examples of the brief (arXiv 2212.10560)."""
    fields = {
        "about": domain.about,
        "topic": str(dealt.window.get("subject", "")) or (dealt.seed.text if dealt.seed.kind == "topic" else ""),
        "examples": list(dealt.brief["examples"]),
        "weak": list(dealt.weak),
        **shown(dealt, domain),
    }
    return Ask(
        template="self_instruct", fields=fields, max_tokens=domain.proposal_tokens, temperature=temperature,
        schema=domain.schema(dealt.level, dealt.window),
    )  # fmt: skip
