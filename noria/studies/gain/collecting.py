"""What a study left, gathered into one report from which every figure follows (see `figures`).

plan, test, outcomes, sessions ─► report: items · outcomes · learned rows ruled · rounds · hashes · failures
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from noria import __version__
from noria.config import SandboxRules
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Chosen
from noria.graphs.folder import begun
from noria.identity import canonical_json, digest
from noria.memory.calls import calls
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.studies.gain import labels, rounds
from noria.studies.gain.labels import Learned
from noria.studies.gain.outcomes import FILE, HeldOut, Outcome
from noria.studies.gain.pieces import OUTCOME, pieces, place, policy_of
from noria.studies.gain.plan import CEILING, RAW, WARM, GainPlan
from noria.studies.gain.rows import dealt, fresh
from noria.studies.writing import machine
from noria.types import Policy, Task


def report(
    plan: GainPlan, out: Path, domains: dict[str, Domain], failed: Mapping[str, str], command: str
) -> dict[str, Any]:
    """Everything a study found.

    Raises:
        SessionError: a part cannot be read, or the test overlaps a training.
    """
    test = HeldOut.model_validate_json((out / FILE).read_text(encoding="utf-8"))
    outcomes, arms, struck = dict[str, Any](), dict[str, Any](), dict[int, str]()
    for piece in pieces(plan, out):
        if piece.kind == "test" and piece.done:
            found = Outcome.model_validate_json((piece.folder / OUTCOME).read_text(encoding="utf-8"))
            outcomes[f"{piece.arm}/{piece.seed}"] = found.model_dump(mode="json")
    with ExitStack() as stack:
        runner = Chosen(SandboxRules().minimum)
        stack.callback(runner.close)
        for key in outcomes:
            arm, _, seed = key.partition("/")
            if arm == RAW:
                continue
            policy = policy_of(plan, out, arm, int(seed))
            rows = _learned(plan, out, domains, arm, int(seed), policy)
            arms[key] = _arm(plan, out, arm, int(seed), policy, rows)
            if rows is not None:
                first, second, apart = asyncio.run(labels.ruled(rows, domains, runner))
                arms[key] |= {"verifier": first, "recheck": second, "apart": apart}
                struck |= labels.met(test, rows.tasks, domains)
    return {
        "noria": __version__,
        "study": "gain",
        "command": command,
        "plan": plan.model_dump(mode="json", exclude={"folder"}),
        "identity": plan.identity,
        "machine": machine(),
        "test": {"identity": test.identity, "opened": test.opened, "asked": list(test.asked)},
        "items": [
            {
                "id": one.task.id, "part": one.part, "domain": one.task.domain, "level": one.task.level,
                "skill": one.task.skill, "sampled": one.sampled,
            }
            for one in test.items
        ],
        "struck": {str(at): how for at, how in sorted(struck.items())},
        "outcomes": outcomes,
        "arms": arms,
        "failed": dict(failed),
    }  # fmt: skip


def _learned(
    plan: GainPlan, out: Path, domains: dict[str, Domain], arm: str, seed: int, policy: Policy | None
) -> Learned | None:
    """The rows that an arm's policy learned from; none where it trained nobody."""
    if policy is None:
        return None
    folder, tasks = place(out, arm, seed), dict[str, Task]()
    if arm == WARM:
        known = {name: domains[name] for name in plan.learned}
        tasks = {task.id: task for task, _ in fresh(known, plan.learned, plan.scale.warm, f"gain/{arm}/{seed}")}
        file = folder / "students" / f"{arm}-{seed}" / "rows.jsonl"
    elif arm == CEILING:
        with _story(place(out, "verified", seed) / "session") as history:
            tasks = {task.id: task for task, _ in dealt(history, domains, 1_000_000, f"gain/{arm}/{seed}")}
        file = folder / "students" / f"{arm}-{seed}" / "rows.jsonl"
    else:
        with _story(folder / "session") as history:
            tasks = labels.tasks_of(history)
        file = folder / "session" / "students" / policy.name / "rows.jsonl"
    return labels.learned(file, tasks) if file.is_file() else None


def _arm(plan: GainPlan, out: Path, arm: str, seed: int, policy: Policy | None, rows: Learned | None) -> dict[str, Any]:
    """What an arm spent and left."""
    told = policy.training if policy else {}
    found: dict[str, Any] = {
        "policy": policy.id if policy else "",
        "rows": told.get("rows", len(rows.rows) if rows else 0),
        "rows_sha256": rows.digest if rows else "",
        "trained_tokens": told.get("tokens", 0),
        "steps": len(told.get("losses", ())),
        "training_seconds": told.get("seconds", 0.0),
    }
    session = place(out, arm, seed) / "session"
    if begun(session):
        with _story(session) as history:
            found["rounds"] = rounds.told(history, StaticEmbedder())
            found["in_hand"] = calls(history).in_hand
            found["played_tokens"] = sum(history.tokens())
            found["config_sha256"] = digest(canonical_json(history.ledger.fact("config") or ""))
    return found


@contextmanager
def _story(session: Path) -> Iterator[History]:
    """A session's history, closed on the way out."""
    ledger = Ledger(session)
    try:
        yield History(ledger)
    finally:
        ledger.close()
