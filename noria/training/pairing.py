"""Which pairs a round learns from: of its own accepted tasks, and drawn from those of earlier rounds.

    this round's answers ─► pairs of each ─► some ─┐
    earlier rounds' answers, in a drawn order ─────┴─► pairs ─► dpo, spin

The same may not be learned as in `curate`: what a purge withdrew, what rests on a beaten verifier
alone, what is unclean and what a method left out give no pairs, new or old. Nor does
what is merely judged: neither side of it would be known. Only accepted tasks are read, for only these
have passed the gate: on a task that is ambiguous the answer that failed may be the right one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from noria.config.methods.preference import Preferring
from noria.identity import stream
from noria.memory.accepted import Head
from noria.training.export.cases import Case
from noria.training.pairs import Pair
from noria.training.selecting.selector import Tools
from noria.types import rests_alone

PAGE = 64
"""Samples that are loaded with their episodes at once."""


@dataclass(frozen=True, slots=True)
class Barred:
    """What may not be learned."""

    verifiers: Collection[str]
    """In quarantine."""
    samples: Collection[str]
    """Unclean, or left out by a method."""
    policies: Collection[str] = ()
    """Purged: what they wrote is learned neither as the better nor as the worse."""

    def admits(self, one: Head) -> bool:
        """Whether a sample may give pairs."""
        return one.role == "solver" and one.id not in self.samples and not rests_alone(one, self.verifiers)


Making = Callable[[Sequence[Case]], Awaitable[list[list[Pair]]]]
"""Accepted episodes to the pairs of each."""


async def gathered(tools: Tools, rules: Preferring, barred: Barred, method: str, make: Making) -> list[Pair]:
    """This round's pairs and a share of earlier ones, in a drawn order; none where they are too few."""
    new = await _some(tools, barred, method, make, rules.pairs, number=tools.number)
    wanted = min(rules.pairs - len(new), round(rules.replay * len(new)))
    old = await _some(tools, barred, method, make, wanted, before=tools.number) if wanted > 0 else []
    found = [*new, *old]
    stream(tools.name, method, "order").shuffle(found)
    return found if len(found) >= rules.least else []


async def _some(tools: Tools, barred: Barred, method: str, make: Making, wanted: int, **which: int) -> list[Pair]:
    ids = admitted(tools, barred, **which)
    stream(tools.name, method, *which).shuffle(ids)
    found: list[Pair] = []
    async for pairs in _made(tools, ids, barred, make):
        found.extend(pairs[: wanted - len(found)])
        if len(found) >= wanted:
            break
    return found


async def _made(tools: Tools, ids: Iterable[str], barred: Barred, make: Making) -> AsyncIterator[list[Pair]]:
    """The pairs of each sample, in the order of the ids."""
    left = iter(ids)
    while page := list(islice(left, PAGE)):
        for pairs in await make(cases(tools, page)):
            yield [pair for pair in pairs if pair.policy not in barred.policies]


def admitted(tools: Tools, barred: Barred, **which: int) -> list[str]:
    """The samples of a round (`number`), of those before one (`before`) or of all that may be learned from, by id."""
    return [one.id for one in tools.history.heads(role="solver", **which) if barred.admits(one)]


def cases(tools: Tools, ids: Sequence[str]) -> list[Case]:
    """Verified samples of some ids, in their order, with the episodes that gave them."""
    loaded = {one.id: one for one in tools.history.loaded(ids)}
    samples = [loaded[one] for one in ids if loaded[one].provenance.warrant == "verified"]
    wanted = [one.provenance.episode for one in samples]
    episodes = {one.id: one for one in tools.history.some_episodes(wanted)}
    return [Case(episodes[one.provenance.episode], one, None) for one in samples]
