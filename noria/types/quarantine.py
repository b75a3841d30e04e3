"""A beaten verifier, and what rests on it.

    probe that beat it ─► Quarantine ─► every sample that rests on it alone is untrusted

The whole verifier is quarantined, not the level it was beaten at: a card measures a level,
for how often a verifier errs depends on the tasks; a hole is in the program, and one program
checks every level of its domain. Its name carries its version, so a mended verifier of a
new version is another verifier, and nothing that was found against the old one holds of it.
"""

from collections.abc import Collection
from typing import Protocol

from noria.types.candidate import Probe
from noria.types.story import Episode
from noria.types.words import Noun

SHOWN = 200
"""Characters of the evidence that a sentence shows; the noun keeps it whole."""

MEND = "a new version of it is a new verifier"
"""How a quarantine ends, in words."""


class Quarantine(Noun):
    """One episode's proof that a verifier can be beaten."""

    verifier: str
    """Its name and version; in force for its whole domain."""
    domain: str
    level: int
    """Where it was beaten; the quarantine is not bounded by it."""
    round: int
    episode: str
    """Whose attack beat it; its trace holds the whole probe."""
    evidence: str
    """The kind of the probe, and what a program made of it."""
    at: float
    """When it was written, in seconds since the epoch."""

    @property
    def why(self) -> str:
        """The reason in words, on one line."""
        evidence = " ".join(self.evidence.split())[:SHOWN]
        return (
            f"an attack beat {self.verifier} in round {self.round} at level {self.level} ({self.episode}: {evidence})"
        )


def beating(probes: Collection[Probe]) -> Probe | None:
    """The first probe that beat the verifier itself; one that did not hold beat nothing."""
    return next((probe for probe in probes if probe.held and probe.beat), None)


def shown_by(episode: Episode, at: float) -> tuple[Quarantine, ...]:
    """What an ended episode proves: one quarantine for each verifier that its attacks beat."""
    found: dict[str, Quarantine] = {}
    # Each attack is on the draft of its place; a last draft that was never attacked has none.
    for task, attack in zip(episode.drafts, episode.attacks, strict=False):
        probe, verifier = beating(attack.probes), task.grounding.verifier
        if probe is not None and verifier not in found:
            found[verifier] = Quarantine(
                verifier=verifier,
                domain=task.domain,
                level=task.level,
                round=episode.round,
                episode=episode.id,
                evidence=f"{probe.kind}: {probe.evidence}",
                at=at,
            )
    return tuple(found.values())


class Vouched(Protocol):
    """What verifiers vouch for: a sample's provenance, or its head."""

    @property
    def verifiers(self) -> tuple[str, ...]:
        """Every verifier that vouches for it independently."""
        ...


def rests_alone(story: Vouched, beaten: Collection[str]) -> bool:
    """Whether beaten verifiers are all that vouch for a sample; one that another vouches for too stays."""
    return all(verifier in beaten for verifier in story.verifiers)
