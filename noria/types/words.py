"""The closed sets of Noria, and what every noun is: frozen, and without a field it does not know."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Role = Literal["generator", "critic", "adversary", "judge", "solver"]
"""What is to be done; a seat is a role held by a policy."""

ROLES: tuple[Role, ...] = ("generator", "critic", "adversary", "judge", "solver")

Ruling = Literal["accept", "revise", "reject"]
"""What the judge, or the gate above it, says of a candidate."""

Source = Literal["student", "pool", "program"]
"""Who wrote a sample's response: the lineage being trained, another policy of the pool, a program."""

Warrant = Literal["verified", "judged", "unverified"]
"""What an accepted sample rests on: a program that checked it, a judge's opinion alone, or nothing, in a control arm of
a study."""

WordedBy = Literal["generator", "program"]
"""Who worded an instruction."""

Bucket = Literal["train", "gate", "audit", "test"]
"""Which side of the line a task's parameters fall on; only `train` may be learned from."""

Outcome = Literal["accepted", "refused", "error"]
"""How an episode ended."""

Json = dict[str, Any]


class Reason(StrEnum):
    """Why an episode ended as it did."""

    VERIFIED = "verified"
    """Every check passed and nobody with a veto used it."""
    JUDGED = "judged"
    """No program knows what is right there; its form passed, and a judge whose calibration held accepts it."""
    TAKEN = "taken"
    """The control arm of a study takes answers without asking whether they are right."""
    SILENT = "silent"
    """The generator gave an empty or cut reply."""
    MALFORMED = "malformed"
    """The generator's reply is not a proposal of this domain."""
    RESERVED = "reserved"
    """The parameters fall in a bucket that only exams may use."""
    DUPLICATE = "duplicate"
    """The same parameters or the same solution were claimed before."""
    NEAR_DUPLICATE = "near_duplicate"
    """The free text means what an earlier sample's text means."""
    UNGROUNDED = "ungrounded"
    """The program could not build the truth from the parameters."""
    UNSOLVED = "unsolved"
    """No attempt passed, and the program's truth was not allowed as a target."""
    OUT_OF_BAND = "out_of_band"
    """The solve rate lies outside the band that is worth learning from."""
    BROKEN = "broken"
    """The adversary's probe held: ambiguous, leaking, or open to a shortcut."""
    REVISIONS_SPENT = "revisions_spent"
    """A revision was asked for and none is left."""
    UNTRUSTED = "untrusted"
    """The verifier failed its own test this round, or an attack beat it: nothing it passes is accepted."""
    WITHDRAWN = "withdrawn"
    """A policy that had played in it was purged before it ended."""
    UNCLEAN = "unclean"
    """A secret, personal data or toxic words stand in what it would teach; the evidence names the kind, masked."""
    CONTAMINATED = "contaminated"
    """It is an item of an exam or of a benchmark that the user names, or nearly one."""
    VETOED = "vetoed"
    """A judge with a veto ruled against it."""
    ENDPOINT = "endpoint"
    """An endpoint failed for longer than the deadline."""
    UNREADABLE = "unreadable"
    """A seat's reply could not be read as what its role owes."""
    VERIFIER = "verifier"
    """A verifier that is not Noria's own raised, looped or flooded; the evidence names it."""
    FAULT = "fault"
    """Noria's own code failed in this episode; the evidence says where."""


ACCEPTING = (Reason.VERIFIED, Reason.JUDGED, Reason.TAKEN)
"""The reasons of an acceptance; every other is one of a refusal or an error."""


class Stage(StrEnum):
    """How far an episode came; the funnel counts these in order."""

    DEALT = "dealt"
    PROPOSED = "proposed"
    WELL_FORMED = "well_formed"
    NOVEL = "novel"
    GROUNDED = "grounded"
    SOLVABLE = "solvable"
    UNBROKEN = "unbroken"
    ACCEPTED = "accepted"


class Noun(BaseModel):
    """A frozen thing that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Noun):
    """One line of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str
