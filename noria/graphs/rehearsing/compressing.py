"""A shorter text of a template, and what it gets for the same seeds as the longer one.

template ─► what each unit tells (a policy reads it, or a program counts) ─► compressed
questions of the session ─► rehearsed with both ─► marks of both, and their difference with its interval
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from noria.evaluators.comparing import Count, Difference, difference
from noria.graphs.rehearsing.rehearsal import Pair, Reply
from noria.inference.client import Client, Reader
from noria.prompts import Template
from noria.prompts.compression import Unit, compressed, size, told, units, without
from noria.prompts.lint import examples
from noria.prompts.template import examine

WHOLE = "all of these"
"""The mark of a reply that earned every mark of its template."""


@dataclass(frozen=True)
class Shorter:
    """What came of a compression."""

    template: Template
    words: tuple[int, int]
    """Of its own, before and after."""
    by: str
    """What told which units go: `likelihood` or `program`."""


async def shorten(template: Template, keep: float, client: Client, model: str, policy: str = "") -> Shorter:
    """A template with what tells least left out, by the likelihood that a policy gives it where it can.

    Raises:
        EndpointError: the policy cannot be asked.
        ConfigError: `keep` is no share.
    """
    cost, by = await _read(template, client, model, policy), "likelihood"
    if not cost:
        cost, by = told(template), "program"
    new = compressed(template, cost, keep)
    return Shorter(new, (size(template.text, template.name), size(new.text, template.name)), by)


async def _read(template: Template, client: Client, model: str, policy: str) -> dict[Unit, float]:
    """Nats that the prompt loses with each unit; empty where the policy's endpoint gives none."""
    if not isinstance(client, Reader):
        return {}
    reader, fields = client, examples(template)

    async def nats(one: Template | None) -> float | None:
        if one is None:
            return None
        said = "\n".join(message.content for message in one.render(fields))
        scored = await reader.score(model, said, policy)
        return scored.nats if scored else None

    whole = await nats(template)
    if whole is None:
        return {}
    own = units(template)
    shorter = [examine(without(template.text, [one]), template.name)[0] for one in own]
    left = await asyncio.gather(*(nats(one) for one in shorter))
    return {unit: whole - rest for unit, rest in zip(own, left, strict=True) if rest is not None}


@dataclass(frozen=True)
class Told:
    """What both texts earned of one mark."""

    old: Count
    new: Count
    gap: Difference | None
    """new less old, with Newcombe's 95 % interval."""


def earned(pairs: Sequence[Pair]) -> dict[str, Told]:
    """Every mark of the replies, and that of earning all."""
    names = list(pairs[0].a.weighed.marks) if pairs else []
    found = {name: _told([one.a for one in pairs], [one.b for one in pairs], (name,)) for name in names}
    if len(names) > 1:
        found[WHOLE] = _told([one.a for one in pairs], [one.b for one in pairs], tuple(names))
    return found


def worse(found: dict[str, Told]) -> list[str]:
    """The marks that the new text earns less often, beyond noise."""
    return [name for name, one in found.items() if one.gap is not None and one.gap.high < 0]


def _told(old: Sequence[Reply], new: Sequence[Reply], names: tuple[str, ...]) -> Told:
    a, b = (
        Count(sum(all(one.weighed.marks[name] for name in names) for one in side), len(side)) for side in (old, new)
    )
    return Told(a, b, difference(a, b))
