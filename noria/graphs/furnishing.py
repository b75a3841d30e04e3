"""What a session asks for, looked at before anything is written or started: the first wrong thing is a sentence.

config ─► methods (packages there?) ─► documents ─► domains ─► seeds ─► benchmarks ─► sandbox ─► Furnished
"""

import asyncio
from dataclasses import dataclass

from noria.config import SessionConfig
from noria.config.methods import usable
from noria.config.methods.grounded import DOMAIN
from noria.errors import ConfigError
from noria.evaluators.benchmarks import benchmarks
from noria.evaluators.contamination import Item
from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.evaluators.registry import domains
from noria.evaluators.sandbox.tiers import choose
from noria.graphs.sourced import Sourced
from noria.memory import seeds
from noria.types import Seed


@dataclass(frozen=True)
class Furnished:
    """A config whose things are there."""

    config: SessionConfig
    """Without the methods that lack a package and may be skipped."""
    domains: dict[str, Domain]
    seeds: list[Seed]
    benchmarks: list[Item]
    left_out: list[str]
    """A sentence for each domain that does not load."""
    skipped: list[str]
    """A sentence for each row that is left out."""
    without: dict[str, str]
    """Methods that are skipped, and why."""
    source: Sourced
    """What the documents gave."""


async def furnished(config: SessionConfig) -> Furnished:
    """Look at everything that a config names.

    Raises:
        NoriaError: something is not there, or cannot be used.
    """
    methods, without = usable(config.methods)
    source = Sourced()
    if config.methods.documents or DOMAIN in config.domains:
        from noria.graphs.documents import sourced

        source = await asyncio.to_thread(sourced, config)
    known, left_out = domains(dict(config.domains), config.domain_files, source.passages)
    found, skipped = seeds.gather(config.seeds)
    for seed in found:
        if seed.kind == "topic" and (what := foreign(seed.text)):
            raise ConfigError(f"The topic {seed.text!r} can be no subject: it {what}.", mend="Say it in plain words.")
    named = benchmarks(config.hygiene.benchmarks)
    if any(kind.at(level).executes for name, kind in known.items() for level in config.domains[name]):
        await asyncio.to_thread(choose, config.sandbox.minimum)
    own = config.model_copy(update={"methods": methods}) if without else config
    return Furnished(own, known, [*found, *source.passages], named, left_out, skipped, without, source)
