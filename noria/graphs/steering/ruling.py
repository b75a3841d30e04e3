"""A person's rulings: samples and students that wait for one, and samples that anybody may refuse at any time.

    approve ─► step `approve`: it waits no more
    refuse  ─► step `refuse` ─┬─ a sample ─► withdrawn, with every row of its episode; the chain stays as it is
                              └─ a student ─► kept out

Who ruled cannot be known: a step says when, and why.
"""

from typing import Literal

from noria.config import SessionConfig
from noria.errors import ConfigError, SessionError
from noria.graphs.steering.saying import Saying, sentence, step
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.ledger import Write
from noria.memory.moves import moves
from noria.memory.naming import named
from noria.memory.reviews import review
from noria.memory.reviews import ruling as reviewing
from noria.memory.rulings import given, siblings
from noria.memory.steps import Steps, stepping
from noria.memory.withdrawals import PERSON, Withdrawals, withdrawing
from noria.types import Json, Step

Ruled = Literal["approve", "refuse"]
"""What a person says of a sample or a student."""

MOST = 1000
"""Things that are ruled on at once."""


def rule(history: History, body: Json) -> Saying:
    """Rule on samples or on a student that waits.

    Raises:
        ConfigError: the ruling is none, or a refusal says no reason.
        SessionError: a thing is not known, or nothing can be ruled of it any more.
    """
    ruling, things = body.get("ruling"), body.get("things")
    if ruling not in ("approve", "refuse"):
        raise ConfigError(f"A ruling is `approve` or `refuse`, not {ruling!r}.")
    if not isinstance(things, list) or not 0 < len(things) <= MOST:
        raise ConfigError(f"A ruling names 1 to {MOST} samples, or a student.")
    why = sentence(str(body.get("why", "")), "reason") if ruling == "refuse" or body.get("why") else ""
    writes: list[Write] = []
    ruled: list[str] = []
    learned: set[str] = set()
    for key in things:
        found = named(history, str(key), ("sample", "policy", "episode"))
        if found.kind == "policy":
            writes += _student(history, found.id, ruling, why)
            ruled.append(found.name)
            continue
        sample = found.id if found.kind == "sample" else given(history, found.id)
        more, by = _sample(history, sample, ruling, why)
        writes += more
        learned |= by
        ruled.append(sample)
    did = "approved" if ruling == "approve" else "refused"
    what = ruled[0] if len(ruled) == 1 else f"{len(ruled)} samples"
    said = f"{what} {'is' if len(ruled) == 1 else 'are'} {did}" + (f": {why}." if why else ".")
    if learned:
        names = ", ".join(sorted(learned))
        said += f" It was learned by {names} before; `noria purge` takes out who learned it, too."
    return writes, {"state": "done", "said": said, "ruling": ruling, "ruled": ruled, "learned_by": sorted(learned)}


def waiting_student(history: History, number: int = 0) -> str | None:
    """The id of the student that passed the exam of a round (the last) and waits for a ruling, if one does."""
    number = number or len(history.rounds())
    config, exam = SessionConfig.model_validate_json(history.ledger.fact("config") or "{}"), history.exam(number)
    if not config.approve.students or exam is None or not exam.promoted or ruling_of(history, exam.student):
        return None
    settled = any(one.key == f"promote/{number}" for one in moves(history))
    over = {at: phase for at, phase, _ in history.rounds()}.get(number) in ("kept_out", "promoted", "ended")
    return None if settled or over else exam.student


def ruling_of(history: History, policy: str) -> Step | None:
    """What a person ruled of a student; none where nobody did."""
    return Steps(history).last("approve", "refuse", name=policy)


def refused(history: History, policy: str) -> str:
    """Why a student may not be promoted by a person's ruling; empty where it may."""
    found = ruling_of(history, policy)
    return f"refused by a person: {found.body['why']}" if found and found.kind == "refuse" else ""


def _student(history: History, policy: str, ruling: Ruled, why: str) -> list[Write]:
    name = next(one.name for one in history.policies() if one.id == policy)
    if waiting_student(history) != policy:
        before = ruling_of(history, policy)
        what = f"was ruled on already ({before.kind})" if before else "waits for no ruling"
        raise SessionError(f"The policy {name!r} {what}.", mend="`noria rollback` withdraws who was promoted.")
    made = step(Steps(history), ruling, policy, f"{name}: {_did(ruling)} by a person{_because(why)}",
                {"why": why, "what": "student"}, key=f"ruling/{policy}")  # fmt: skip
    return [stepping(made)]


def _sample(history: History, sample: str, ruling: Ruled, why: str) -> tuple[list[Write], set[str]]:
    if gone := Withdrawals(history.ledger).of(sample):
        raise SessionError(f"The sample {sample} is withdrawn already ({gone.root}: {gone.why}).")
    made = step(Steps(history), ruling, sample, f"{sample}: {_did(ruling)} by a person{_because(why)}",
                {"why": why, "what": "sample"}, key=f"{ruling}/{sample}")  # fmt: skip
    reviewed = _reviewed(history, sample, ruling, why)
    if ruling == "approve":
        return [stepping(made), *reviewed], set()
    ids = siblings(history, sample)
    learned = {one.name for key in ids for one in Learned(history).by(key)}
    return [stepping(made), *reviewed, *withdrawing(PERSON, made.at, [(why, ids)])], learned


def _reviewed(history: History, sample: str, ruling: Ruled, why: str) -> list[Write]:
    """The row of the review of a sample's candidate, if it was routed to anybody."""
    one = next(iter(history.loaded([sample])), None)
    if one is None or (routed := review(history, one.provenance.episode)) is None:
        return []
    return [reviewing(routed.model_copy(update={"ruling": ruling, "by": PERSON, "said": why}))]


def _did(ruling: str) -> str:
    return {"approve": "approved", "refuse": "refused"}[ruling]


def _because(why: str) -> str:
    return f": {why}" if why else ""
