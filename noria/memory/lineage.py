"""Descent: what follows from a sample or a policy, however far.

    sample ─► adapters that learned from it ─► samples they wrote ─► adapters that learned from those ─► …
       ├──► its variants in other words            └┄┄► samples they only had a say in
       └┄┄► samples shown it as a neighbour

Whole lines are descent: a policy wrote a sample as its solver or as its generator, a policy
learned from a sample, a policy grew from another's weights. Broken lines are weak links,
told apart and never followed: critic, adversary and judge decide on what others wrote, and a
neighbour is shown to be kept away from.

The ledger is read once, sample by sample; what stays is a number for each, so that memory
grows by what an id needs and not by what a sample says. Rounds make a cycle impossible; the
walk does not rely on it.
"""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from sys import intern

from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.types import Provenance

PAGE = 1000
"""Samples read at once."""

ROOT = ""
"""In a step's `after`: it hangs on what the walk began with."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one row of the ledger's samples says of its descent."""

    id: str
    role: str
    story: Provenance


def told(history: History, *, after: int = 0) -> Iterator[Told]:
    """The provenance of every sample accepted after a round, withdrawn or not, oldest first.

    Who had a say in a sample of an older Noria is taken from its round's seats.
    """
    seats = {number: facts.get("seats", {}) for number, _, facts in history.rounds()}
    table, last = tables.samples, -1
    columns = [table.c.sequence, table.c.id, table.c.role, table.c.round, table.c.body]
    while True:
        query = (
            select(*columns)
            .where(table.c.sequence > last, table.c.round > after)
            .order_by(table.c.sequence)
            .limit(PAGE)
        )
        page = history.ledger.rows(query)
        if not page:
            return
        last = page[-1].sequence
        for row in page:
            story = json.loads(row.body)["provenance"]
            for name in ("critic", "adversary", "judge"):
                story[name] = story.get(name) or seats.get(row.round, {}).get(name, "")
            yield Told(row.id, row.role, Provenance.model_validate(story))


@dataclass
class Kin:
    """Who wrote what, who learned what; samples by their number."""

    samples: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    """The domain of each sample."""
    writers: list[str] = field(default_factory=list)
    """Who wrote what each sample teaches: a policy's id, or a verifier's name."""
    wrote: dict[str, "array[int]"] = field(default_factory=dict)
    """Policy to the samples it wrote."""
    swayed: dict[str, "array[int]"] = field(default_factory=dict)
    """Policy to the samples it had a say in and did not write."""
    learned: dict[str, "array[int]"] = field(default_factory=dict)
    """Policy to the samples it learned from."""
    grown: dict[str, list[str]] = field(default_factory=dict)
    """Policy to the policies that have its weights as their base."""
    shown: dict[int, "array[int]"] = field(default_factory=dict)
    """Sample to the samples whose generator was shown it."""
    variants: dict[int, "array[int]"] = field(default_factory=dict)
    """Sample to the samples that are the same in other words: they go where it goes."""

    @classmethod
    def of(cls, rows: Iterable[Told], policies: Iterable[tuple[str, tuple[str, ...], Iterable[str]]]) -> "Kin":
        """From what samples tell, and of each policy its id, its parents and the ids of what it learned from."""
        kin, number, later = cls(), dict[str, int](), list[tuple[int, tuple[str, ...]]]()
        for row in rows:
            at = number[row.id] = len(kin.samples)
            kin.samples.append(row.id)
            kin.domains.append(intern(row.story.domain))
            kin.writers.append(intern(row.story.policy))
            writers = {row.story.policy, row.story.generator}
            for policy in writers:
                kin.wrote.setdefault(policy, array("I")).append(at)
            if (first := number.get(row.story.variant_of)) is not None:
                kin.variants.setdefault(first, array("I")).append(at)
            for policy in {row.story.critic, row.story.adversary, row.story.judge} - writers - {""}:
                kin.swayed.setdefault(policy, array("I")).append(at)
            if row.story.neighbours:
                later.append((at, row.story.neighbours))
        for at, neighbours in later:
            for one in neighbours:
                if one in number:
                    kin.shown.setdefault(number[one], array("I")).append(at)
        for policy, parents, given in policies:
            kin.learned[policy] = array("I", (number[one] for one in given if one in number))
            for parent in parents:
                kin.grown.setdefault(parent, []).append(policy)
        return kin


def kin(history: History) -> Kin:
    """The kinship of a session."""
    learned = Learned(history)
    policies = ((one.id, one.parents, learned.of(one)) for one in history.policies())
    return Kin.of(told(history), policies)


@dataclass
class Step:
    """One policy that the walk reached."""

    policy: str
    after: str
    """The policy through whose samples or weights it was reached first; `ROOT` where it hangs on the root itself."""
    learned: int
    """How many of the samples reached so far it learned from; 0 where it was named or has grown from `after`."""
    wrote: list[int] = field(default_factory=list)
    """Samples that it wrote, unless another step had them already."""


@dataclass
class Descent:
    """All that follows from where a walk began."""

    roots: list[int]
    """The samples it began with, by number."""
    steps: list[Step]
    """The policies reached, in the order they were."""
    swayed: list[int]
    """Samples that a reached policy only had a say in."""
    shown: list[int]
    """Samples that were only shown one of these as a neighbour."""

    def samples(self) -> list[int]:
        """The samples that descend from the roots, these included."""
        return [*self.roots, *(one for step in self.steps for one in step.wrote)]


def descend(kin: Kin, *, samples: Iterable[str] = (), policies: Iterable[str] = ()) -> Descent:
    """Walk from samples and policies to all that follows from them; ids that are not known lead nowhere."""
    begun = set(samples)
    named = [at for at, one in enumerate(kin.samples) if one in begun]
    roots = sorted({*named, *(variant for at in named for variant in kin.variants.get(at, ()))})
    owner: dict[int, str] = dict.fromkeys(roots, ROOT)
    found: dict[str, Step] = {}
    fresh = [Step(one, ROOT, 0) for one in dict.fromkeys(policies)]
    while True:
        for step in fresh:
            found[step.policy] = step
            for at in kin.wrote.get(step.policy, ()):
                if at not in owner:
                    owner[at] = step.policy
                    step.wrote.append(at)
        fresh = _next(kin, found, owner)
        if not fresh:
            break
    weak = {at for one in found for at in kin.swayed.get(one, ())}
    shown = {at for one in owner for at in kin.shown.get(one, ())}
    return Descent(
        roots, list(found.values()),
        sorted(weak - owner.keys()), sorted(shown - weak - owner.keys()),
    )  # fmt: skip


def _next(kin: Kin, found: dict[str, Step], owner: dict[int, str]) -> list[Step]:
    """The policies that have learned from what is reached, or have grown from who is, and were not reached yet."""
    fresh: dict[str, Step] = {}
    for policy, given in kin.learned.items():
        if policy not in found and (through := Counter(owner[at] for at in given if at in owner)):
            after = next(one for one in (ROOT, *found) if one in through)
            fresh[policy] = Step(policy, after, through.total())
    for one in found:
        for policy in kin.grown.get(one, ()):
            if policy not in found and policy not in fresh:
                fresh[policy] = Step(policy, one, 0)
    return list(fresh.values())
