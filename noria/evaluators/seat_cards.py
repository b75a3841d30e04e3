"""Cards of the adversary and of the critic: what they found of what was planted, and what they cried at for nothing.

    weak and sound candidates   ─► probes   ─► found by count and domain, false alarms, verifiers beaten
    bad and good wordings       ─► critique ─► faults named, revisions asked for

A weakness counts as found where a probe of its own count held; one of a verifier, where it
was beaten too. All shares come with Wilson intervals (1927).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from noria.evaluators.faulty_wordings import Worded
from noria.evaluators.gate import wilson
from noria.evaluators.weaknesses import Planted
from noria.types import Critique, Noun, Probe

FOUND = 0.80
"""Share of planted weaknesses that an adversary should find."""

FALSE = 0.02
"""Share of sound candidates that it may hit."""


class Share(Noun):
    """A part of a whole, with its 95 % interval."""

    part: int
    whole: int
    interval: tuple[float, float]

    @classmethod
    def of(cls, said: Sequence[bool]) -> "Share":
        """The share of what is so."""
        return cls(part=sum(said), whole=len(said), interval=wilson(sum(said), len(said)))

    @property
    def share(self) -> float:
        """The share itself; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Attacked:
    """A planted candidate and what was made of it."""

    planted: Planted
    probes: tuple[Probe, ...]

    def found(self, by: str = "") -> bool:
        """Whether its weakness was found: by anyone, or by programs or the policy alone."""
        return any(
            probe.held
            and probe.kind == self.planted.kind
            and (probe.beat or not self.planted.weak_verifier)
            and by in ("", probe.by)
            for probe in self.probes
        )

    def hit(self, by: str = "") -> bool:
        """Whether any probe held."""
        return any(probe.held and by in ("", probe.by) for probe in self.probes)


class AdversaryCard(Noun):
    """How an adversary did on planted candidates."""

    found: Share
    kinds: dict[str, Share]
    domains: dict[str, Share]
    held_out: Share
    """Of the half of the forms that nobody looked at who tuned the probes."""
    beaten: Share
    """Verifiers with a hole that were shown to have one."""
    false_alarms: Share
    """Of sound candidates."""
    by_policy: Share
    """Weaknesses that a policy found, of those it was asked about."""
    by_policy_alone: Share
    """Weaknesses that a policy found where no program did."""
    false_of_policy: Share
    """Sound candidates that a policy's claim broke, of those it was asked about."""

    @property
    def reached(self) -> bool:
        """Whether it found enough and hit little that is sound."""
        return self.found.share >= FOUND and self.false_alarms.share <= FALSE


def adversary_card(attacked: Sequence[Attacked]) -> AdversaryCard:
    """The card of what was attacked, weak and sound."""
    weak = [one for one in attacked if one.planted.kind != "sound"]
    sound = [one for one in attacked if one.planted.kind == "sound"]
    asked = [one for one in weak if any(probe.by == "policy" for probe in one.probes)]

    def by(name: Callable[[Attacked], str]) -> dict[str, Share]:
        names = sorted({name(one) for one in weak})
        return {key: Share.of([one.found() for one in weak if name(one) == key]) for key in names}

    return AdversaryCard(
        found=Share.of([one.found() for one in weak]),
        kinds=by(lambda one: one.planted.kind),
        domains=by(lambda one: one.planted.domain.name),
        held_out=Share.of([one.found() for one in weak if one.planted.held_out]),
        beaten=Share.of([any(probe.beat for probe in one.probes) for one in weak if one.planted.weak_verifier]),
        false_alarms=Share.of([one.hit() for one in sound]),
        by_policy=Share.of([one.found("policy") for one in asked]),
        by_policy_alone=Share.of([one.found("policy") for one in asked if not one.found("program")]),
        false_of_policy=Share.of(
            [one.hit("policy") for one in sound if any(probe.by == "policy" for probe in one.probes)]
        ),
    )


class CriticCard(Noun):
    """How a critic did on planted wordings."""

    bad_faulted: Share
    """Bad wordings in which it named any fault."""
    bad_named: Share
    """Bad wordings of which it named the very fault."""
    good_faulted: Share
    """Good wordings in which it named a fault."""
    bad_revised: Share
    good_revised: Share
    """Good wordings that it wanted worded again."""
    faults: dict[str, Share]
    """Of each fault, how often it was the one named."""
    unreadable: int


def critic_card(said: Sequence[tuple[Worded, Critique | None]]) -> CriticCard:
    """The card of critiques of planted wordings; none where a reply could not be read."""
    read = [(one, critique) for one, critique in said if critique is not None]
    bad = [(one, critique) for one, critique in read if one.fault != "good"]
    good = [critique for one, critique in read if one.fault == "good"]
    return CriticCard(
        bad_faulted=Share.of([bool(critique.faults) for _, critique in bad]),
        bad_named=Share.of([one.fault in critique.faults for one, critique in bad]),
        good_faulted=Share.of([bool(critique.faults) for critique in good]),
        bad_revised=Share.of([critique.revise for _, critique in bad]),
        good_revised=Share.of([critique.revise for critique in good]),
        faults={
            fault: Share.of([fault in critique.faults for one, critique in bad if one.fault == fault])
            for fault in sorted({one.fault for one, _ in bad})
        },
        unreadable=len(said) - len(read),
    )
