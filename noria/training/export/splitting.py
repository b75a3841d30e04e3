"""Train and held-out without a leak: what belongs together is on one side, whatever is exported.

    accepted tasks ─► keys: parameters · solution · shape · words ─► groups (what shares a key)
                                                                      │
                      hash of the group's oldest member ◄─────────────┘
                        ├─ below the share, and not too large ─► test
                        └─ else ─► train
                      test, near a task of train in other words ─► train

*Shape* is a task's parameters without their free text, so that one kind of task with two
subjects is one group; *words* are those of the wording in any order. Groups and sides are
made of every task that the session ever accepted, before any filter, so that a task is on the
same side in every format, and in every export of the session that holds out the same share. A
group larger than what its domain may hold out stays in train, for else one draw would move
half a domain.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from noria.evaluators.contamination import Item, Kept, words
from noria.identity import digest
from noria.types import Sample

Side = Literal["train", "test"]


def keys(sample: Sample) -> tuple[str, ...]:
    """What makes an accepted task the same as another: two that share one of these are one group."""
    story = sample.provenance
    said = " ".join(sorted(words(asked(sample))))
    found = (
        f"parameters\n{story.domain}\n{story.shape}\n{story.free_text}",
        f"solution\n{story.domain}\n{story.signature}",
        # Where the text is all that is asked every task has one shape, and that makes none of them the same.
        f"shape\n{story.domain}\n{story.shape if story.warrant == 'verified' else story.free_text}",
        f"words\n{said}" if said else f"task\n{story.task}",
    )
    return tuple(digest(one)[:16] for one in found)


def asked(sample: Sample) -> str:
    """What a solver's sample asks."""
    return sample.messages[-2].content


@dataclass
class Split:
    """Which group each accepted episode is of, and which groups are held out."""

    share: float
    names: list[str] = field(default_factory=list)
    """Of each group its name: the first key of its oldest member."""
    groups: dict[str, int] = field(default_factory=dict)
    """Episode to group."""
    held: set[int] = field(default_factory=set)
    moved: int = 0
    """Groups that went back to train because a task there says nearly the same."""

    def side(self, episode: str) -> Side:
        """The side an episode's rows are on."""
        return "test" if self.groups.get(episode) in self.held else "train"

    def group(self, episode: str) -> str:
        """The name of an episode's group."""
        return self.names[self.groups[episode]]


def split(samples: Iterable[Sample], share: float) -> Split:
    """Group the solver's samples of a session, oldest first, and hold out about a share of each domain's."""
    forest, place, episodes, domains = _Forest(), dict[str, int](), list[tuple[str, int]](), list[str]()
    firsts: list[str] = []
    for sample in samples:
        own = keys(sample)
        member = forest.grow()
        firsts.append(own[0])
        domains.append(sample.provenance.domain)
        for key in own:
            forest.join(member, place.setdefault(key, member))
        episodes.append((sample.provenance.episode, member))
    sizes = Counter(forest.root(member) for member in range(len(domains)))
    whole = Counter(domains)
    found, numbered = Split(share), dict[int, int]()
    for episode, member in episodes:
        root = forest.root(member)
        if root not in numbered:
            # The oldest member is the root, so that what is accepted later renames no group.
            numbered[root] = len(found.names)
            found.names.append(firsts[root])
            if _drawn(firsts[root]) < share and sizes[root] <= max(1.0, share * whole[domains[root]]):
                found.held.add(numbered[root])
        found.groups[episode] = numbered[root]
    if share and not found.held and len(found.names) > 1:
        small = [one for one in numbered if sizes[one] <= max(1.0, share * whole[domains[one]])]
        if small:
            found.held.add(numbered[min(small, key=lambda one: _drawn(firsts[one]))])
    return found


def apart(found: Split, read: Callable[[], Iterator[Sample]], kept: Callable[[list[Item]], Kept]) -> None:
    """Move groups from test to train until no task of train is, by the session's own measure, one that is held out.

    `read` gives the solver's samples anew; `kept` makes of the held-out tasks what a text is compared with.
    """
    while found.held:
        items = [Item(one.provenance.episode, asked(one)) for one in read() if _is(found, one, "test")]
        against = kept(items)
        met = {
            found.groups[over.item.place]
            for one in read()
            if _is(found, one, "train") and (over := against.met(asked(one))) is not None
        }
        if not met:
            return
        found.held -= met
        found.moved += len(met)


def _is(found: Split, sample: Sample, side: Side) -> bool:
    return found.side(sample.provenance.episode) == side


def _drawn(key: str) -> float:
    """A number from 0 to 1 that a key alone decides."""
    return int(digest(f"held out\n{key}")[:13], 16) / 16**13


class _Forest:
    """Disjoint sets of numbers; the root of a set is its smallest."""

    def __init__(self) -> None:
        self._above = array("I")

    def grow(self) -> int:
        self._above.append(len(self._above))
        return len(self._above) - 1

    def root(self, one: int) -> int:
        while self._above[one] != one:
            self._above[one] = self._above[self._above[one]]
            one = self._above[one]
        return one

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._above[high] = low
