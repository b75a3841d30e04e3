"""Measuring a round for its guards: from the ledger's rows, never from what was kept beside them.

episodes, samples, deal ─► measures      accepted slice ─► audit      verifiers dealt ─► planted cheats
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack

from noria.errors import SandboxError, VerifierError
from noria.evaluators import measures
from noria.evaluators.audit import Audited, audit, cheats
from noria.evaluators.collapse import GuardReading
from noria.evaluators.measures import Measured
from noria.evaluators.sandbox.runner import Chosen, Runner
from noria.evaluators.watching import readings
from noria.graphs.context import Context


async def read(context: Context, number: int) -> tuple[Measured, list[GuardReading]]:
    """Measure a round and read every guard that is not off."""
    rules = {name: rule for name, rule in context.config.guards.items() if rule.action != "off"}
    if not rules:
        return Measured(), []
    history, name = context.history, f"{context.config.random}/{number}/guard"
    episodes = list(history.episodes(number))
    # A variant says an accepted task again on purpose: it is no sign of sameness.
    own = [one for one in history.samples(number=number, role="solver") if not one.provenance.variant_of]
    rows = measures.accepted(own, episodes, history.deal(number), context.domains)
    now = await asyncio.to_thread(measures.measure, episodes, rows, context.domains, context.index.embedder.embed, name)
    audited = await _audited(context, rows, name) if "labels" in rules else Audited(0, (), ())
    planted = await _planted(context, number, name) if "hacks" in rules else {}
    facts = [history.round(earlier) for earlier in range(1, number + 1)]
    kept = [one["guards"]["measured"] for one in facts[:-1] if "guards" in one]
    earlier = [Measured.model_validate(one) for one in kept]
    return now, readings(rules, now, earlier, [one.get("judge", {}) for one in facts], audited, planted)


async def _audited(context: Context, rows: list[measures.Accepted], name: str) -> Audited:
    with ExitStack() as stack:

        def fresh() -> Runner:
            runner = Chosen(context.config.sandbox.minimum)
            stack.callback(runner.close)
            return runner

        return await audit(rows, fresh, name)


async def _planted(context: Context, number: int, name: str) -> Mapping[str, tuple[int, int]]:
    """Cheats that passed, of those shown: wrong answers of the round's own cards, and responses that do no task."""
    found: dict[str, tuple[int, int]] = {}
    for card in context.history.round(number).get("verifiers", ()):
        place = f"{card['verifier']} level {card['level']}"
        found[f"wrong answers before {place}"] = (card.get("wrong_passed", 0), card["wrong"])
    levels = sorted({(one.domain, one.level) for one in context.history.deal(number)})
    for kind, level in levels:
        domain = context.domains[kind].at(level)
        if domain.warrant == "judged":
            continue  # its checks are of form, and admit nothing
        try:
            passed = await cheats(domain, level, context.desk.runner, name)
        except (SandboxError, VerifierError):
            continue  # a verifier that breaks lets nothing through
        found[f"responses that do no task before {domain.verifier} level {level}"] = passed
    return found
