"""Purge: samples leave use with everything that was learned from them.

    root (policy, verifier, source, ids) ─► descent ─► plan ─► [shown, asked] ─► one transaction
                                                               samples withdrawn, policies tainted,
                                                               the student steps back, [a round retrains]

A plan is read from the ledger and changes nothing. What it would leave must still be a
session: with no policy to play or no sample to stand, the purge is refused. The student
steps back along the exams that promoted it, to the newest of its forebears that learned from
nothing withdrawn; the base learned from nothing, so the way ends there.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from noria.config import SessionConfig
from noria.errors import SessionError
from noria.memory import tables
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.ledger import Write, replace
from noria.memory.lineage import ROOT, Descent, Kin, Step, Told, descend, told
from noria.memory.naming import named
from noria.memory.withdrawals import Withdrawals, tainting, withdrawing
from noria.types import ROLES, Policy

SOURCES = ("student", "pool", "program")


@dataclass(frozen=True, slots=True)
class Root:
    """What a purge names."""

    said: str
    """As it was typed, its ids whole."""
    why: str
    """How a sample hangs on it, in words."""
    holds: Callable[[Told], bool] = lambda row: False
    """Whether it names a sample itself."""
    policies: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge would do; nothing is done yet."""

    root: Root
    samples: dict[str, list[str]]
    """Why to the ids of the samples that are to be withdrawn and are not yet."""
    policies: dict[str, str]
    """Policies that are to be marked and are not yet, by id, and why."""
    by_domain: dict[str, int]
    by_policy: dict[str, int]
    """Samples by who wrote the answer, or the proposal in a row for the generator's role."""
    left: int
    """Samples that stand afterwards."""
    swayed: int
    """Samples that stay, though a marked policy had a say in them."""
    shown: int
    """Samples that stay, though a withdrawn one was shown to their generator."""
    student: Policy | None
    """The current student."""
    back_to: Policy | None
    """Who takes its place, where it is tainted."""
    retrains: int
    """The round whose student would be trained again; 0 where none of those that count is tainted."""
    seeds: tuple[str, ...]
    """Seeds that are to be withdrawn and are not yet."""
    names: dict[str, str]
    """The names of the policies."""

    @property
    def count(self) -> int:
        """How many samples are to be withdrawn."""
        return sum(len(ids) for ids in self.samples.values())

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to do."""
        return not (self.samples or self.policies or self.seeds)


def of_policy(history: History, key: str) -> Root:
    """What a policy wrote; the policy itself is marked.

    Raises:
        SessionError: there is no such policy.
    """
    policy = history.policy(key) or history.policy(named(history, key, ("policy",)).id)
    assert policy is not None
    return Root(f"--policy {policy.name}", f"{policy.name} wrote it", policies=(policy.id,))


def of_verifier(history: History, key: str) -> Root:
    """What rests on a verifier.

    Raises:
        SessionError: there is no such verifier.
    """
    name = named(history, key, ("verifier",)).id
    return Root(f"--verifier {name}", f"it rests on {name}", lambda row: name in row.story.verifiers)


def of_source(history: History, key: str) -> Root:
    """What one source answered (student, pool, program), or what was grown from one seed.

    Raises:
        SessionError: there is no such source.
    """
    if key in SOURCES:
        return Root(f"--source {key}", f"its source is {key}", lambda row: row.story.source == key)
    try:
        seed = named(history, key, ("seed",)).id
    except SessionError as fault:
        mend = f"It is {', '.join(SOURCES)}, or the id of a seed."
        raise SessionError(fault.what.replace("no seed", "no source"), mend=mend) from fault
    return Root(f"--source {seed}", f"it was grown from {seed}", lambda row: row.story.seed == seed, seeds=(seed,))


def of_ids(history: History, keys: Sequence[str]) -> Root:
    """Samples by their id, and all that was accepted of an episode by the episode's.

    Raises:
        SessionError: an id names neither.
    """
    ids = {named(history, key, ("sample", "episode")).id for key in keys}
    return Root(" ".join(sorted(ids)), "it was named", lambda row: row.id in ids or row.story.episode in ids)


def plan(history: History, root: Root) -> Purge:
    """What a purge would do.

    Raises:
        SessionError: it would leave no policy to play or no sample to stand.
    """
    _must_leave_a_pool(history, root)
    begun: list[str] = []
    learned = Learned(history)
    policies = {one.id: one for one in history.policies()}

    def rows() -> Iterator[Told]:
        for row in told(history):
            if root.holds(row):
                begun.append(row.id)
            yield row

    kin = Kin.of(rows(), ((one.id, one.parents, learned.of(one)) for one in policies.values()))
    anchored = [one.id for one in policies.values() if root.seeds and not {*root.seeds}.isdisjoint(learned.of(one))]
    found = descend(kin, samples=begun, policies=root.policies or anchored)
    out = Withdrawals(history.ledger)
    gone, marked = out.among([kin.samples[at] for at in found.samples()]), out.tainted()
    fresh = {step.policy: _why(step, root, policies) for step in found.steps if step.policy not in marked}
    samples = _by_reason(kin, found, root, policies)
    going = {why: [at for at in some if kin.samples[at] not in gone] for why, some in samples.items()}
    numbers = [at for some in going.values() for at in some]
    left = sum(row[4] for row in history.composition()) - len(numbers)
    if numbers and left <= 0:
        raise SessionError(
            f"A purge of {root.said} would empty the pool: none of the session's samples would stand.",
            mend="Start a new session instead.",
        )
    student = history.pointer("student")
    return Purge(
        root=root,
        samples={why: [kin.samples[at] for at in some] for why, some in going.items() if some},
        policies=fresh,
        by_domain=dict(sorted(Counter(kin.domains[at] for at in numbers).items())),
        by_policy=dict(sorted(Counter(_name(kin.writers[at], policies) for at in numbers).items())),
        left=left,
        swayed=len(found.swayed),
        shown=len(found.shown),
        student=student,
        back_to=_forebear(history, student, {*fresh, *marked}) if student and student.id in fresh else None,
        retrains=_to_retrain(history, student, fresh),
        seeds=tuple(seed for seed in root.seeds if out.of(seed) is None),
        names={one.id: one.name for one in policies.values()},
    )


def _name(key: str, policies: Mapping[str, Policy]) -> str:
    return policies[key].name if key in policies else key


def _why(step: Step, root: Root, policies: Mapping[str, Policy]) -> str:
    """Why a policy is marked, in words."""
    if step.policy in root.policies:
        return "it was purged"
    if step.after == ROOT:
        return "it learned from what was withdrawn"
    after = _name(step.after, policies)
    return f"it learned from what {after} wrote" if step.learned else f"it has grown from {after}"


def _by_reason(kin: Kin, found: Descent, root: Root, policies: Mapping[str, Policy]) -> dict[str, list[int]]:
    """Every sample that descends from the root, by why it does."""
    reasons = {root.why: list(found.roots)}
    for step in found.steps:
        own = step.policy in root.policies
        more = "" if own else ", having learned from what was withdrawn"
        reasons.setdefault(f"{_name(step.policy, policies)} wrote it{more}", []).extend(step.wrote)
    return reasons


def _must_leave_a_pool(history: History, root: Root) -> None:
    """Refuse to purge who nobody could stand in for."""
    base, config = history.pointer("base"), history.ledger.fact("config")
    if base is not None and base.id in root.policies:
        raise SessionError(
            f"A purge of {base.name} would empty the pool: every student grows from it, and no policy would be left "
            "to play.",
            mend="Start a new session on another student instead.",
        )
    if config is None or history.ledger.fact("finished"):
        return
    rules = SessionConfig.model_validate_json(config)
    for name in rules.endpoints:
        roles = [role for role in ROLES if rules.seat(role) == name]
        here = [one.name for one in history.policies() if one.id in root.policies and one.name.startswith(name)]
        if roles and here:
            raise SessionError(
                f"A purge of {here[0]} would empty the pool: the session is not finished, and nobody else may be "
                f"{', '.join(roles)} by its config.",
                mend="Let it finish first, or start a new session without that endpoint.",
            )


def _forebear(history: History, student: Policy, tainted: Collection[str]) -> Policy | None:
    """The newest untainted policy on the way the exams promoted a student; at last the base."""
    at, came = student.id, {exam.student: exam.parent for exam in history.exams() if exam.promoted}
    while at in tainted and at in came:
        at = came.pop(at)
    return history.pointer("base") if at in tainted else history.policy(at)


def _to_retrain(history: History, student: Policy | None, fresh: Collection[str]) -> int:
    """The round whose student is to be trained again: the current one's, or one that waits for its exam."""
    rounds = history.rounds()
    waiting = {one.id for one in history.policies() if one.student and rounds and one.round == rounds[-1][0]}
    waiting = set() if history.ledger.fact("finished") or not rounds or rounds[-1][1] == "ended" else waiting
    count = {*waiting, *([student.id] if student else [])} & {*fresh}
    number = max((one.round for one in history.policies() if one.id in count), default=0)
    while number and (earlier := history.round(number).get("retrains")):
        number = int(earlier)
    return number


def trains_yet(history: History) -> bool:
    """Whether the round that runs has its training still before it."""
    rounds = history.rounds()
    if not rounds or history.ledger.fact("finished"):
        return False
    number, phase, facts = rounds[-1]
    made = any(one.student and one.round == number for one in history.policies())
    return not (phase == "ended" or made or "untrained" in facts)


def carry_out(history: History, purge: Purge, *, retrain: bool) -> int:
    """Do what a plan says, in one transaction; returns the round that will train again, 0 where none was added.

    A round that runs and has its training before it needs none: it trains from the base, on what stands.

    Raises:
        RunError, SessionError: the ledger cannot be written.
    """
    at, root = time.time(), purge.root.said
    writes: list[Write] = [
        *withdrawing(root, at, [*purge.samples.items(), *([(purge.root.why, purge.seeds)] if purge.seeds else [])]),
        *tainting(root, at, purge.policies.items()),
    ]
    if purge.back_to is not None:
        writes.append(replace(tables.pointers, {"name": "student", "policy": purge.back_to.id}))
    number = 0
    if retrain and purge.retrains and not trains_yet(history):
        number = max(number for number, _, _ in history.rounds()) + 1
        body = json.dumps({"retrains": purge.retrains})
        writes.append(replace(tables.rounds, {"round": number, "phase": "dealt", "body": body}))
        writes.append(replace(tables.meta, {"key": "finished", "value": ""}))
    history.ledger.write_now(*writes)
    return number
