"""Magpie's question: none. Where the endpoint needs one it is the plain question of the hand."""

from dataclasses import replace

from noria.agents.base import Ask
from noria.agents.generator import Generator
from noria.evaluators.domain import Domain
from noria.types import Dealt


def ask(dealt: Dealt, domain: Domain, temperature: float) -> Ask:
    """The hand's plain question, to be left out where the policy can speak unasked (arXiv 2406.08464)."""
    plain = Generator.proposing(dealt, domain, temperature=temperature)
    return replace(plain, unasked=True, temperature=float(dealt.brief.get("temperature", temperature)))
