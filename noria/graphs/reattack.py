"""Accepted samples attacked again, by the programs of today: what was let in yesterday need not stay.

    samples ─► their task and response, as the ledger tells them ─► probes ─► those that held

Nothing is written. Whoever acts on what held finds the sample, the episode and the verifier
in it; a probe that beat its verifier speaks against every sample that rests on that one alone.
"""

from collections.abc import AsyncIterator, Mapping

from noria.evaluators import probes
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Runner
from noria.memory.history import History
from noria.types import Noun, Probe, Sample


class Broken(Noun):
    """An accepted sample that an attack broke."""

    sample: str
    episode: str
    verifier: str
    instruction: str
    probes: tuple[Probe, ...]
    """Those that held."""


async def reattack(
    history: History, domains: Mapping[str, Domain], runner: Runner
) -> AsyncIterator[tuple[Sample, Broken | None]]:
    """Attack every accepted answer by program; where its domain or its truth is not there any more, none.

    Raises:
        SandboxError: a program would have to be run and cannot be.
        VerifierError: a domain that is not ours fails.
    """
    for sample in history.each(role="solver"):
        story = sample.provenance
        episode, family = history.episode(story.episode), domains.get(story.domain)
        task = next((task for task in episode.drafts if task.id == story.task), None) if episode else None
        if task is None or family is None:
            continue
        domain = family.at(story.level)
        try:
            # Grounded anew: facts that an older version wrote may lack what the verifier of today reads.
            grounding = domain.ground(domain.point(task.parameters))
        except ValueError:
            continue
        task = task.model_copy(update={"grounding": grounding})
        found = await probes.attack(domain, task, sample.messages[-1].content, runner)
        held = tuple(probe for probe in found if probe.held)
        broken = Broken(
            sample=sample.id, episode=story.episode, verifier=story.verifier, instruction=task.instruction, probes=held
        )
        yield sample, broken if held else None
