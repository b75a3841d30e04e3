"""Small builders: the least of each noun that a test needs, the rest by keyword."""

from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.evaluators.registry import domains
from noria.evaluators.sandbox.runner import Chosen
from noria.graphs.opening import Means
from noria.inference.client import Client
from noria.inference.limiter import Limiter
from noria.inference.local import OneClient
from noria.inference.puppet import Puppet
from noria.inference.scripted import Script, ScriptedClient
from noria.training.trainer import PRETENDED, PretendTrainer
from noria.types import (
    ROLES,
    Attack,
    Attempt,
    Check,
    Critique,
    Dealt,
    Episode,
    Exam,
    Grounding,
    Message,
    Policy,
    Probe,
    Provenance,
    Reason,
    Sample,
    Seed,
    Stage,
    Task,
    Turn,
    TurnKey,
    Usage,
    Verdict,
)


def check(passed: bool = True, name: str = "answer") -> Check:
    return Check.of(name, passed, "expected 3, found 3" if passed else "expected 3, found 4")


def seed(text: str = "arithmetic") -> Seed:
    return Seed(id="seed-1", kind="domain", text=text)


def dealt(episode: str = "episode-1", **changes: Any) -> Dealt:
    base: dict[str, Any] = {
        "episode": episode,
        "round": 1,
        "position": 0,
        "domain": "arithmetic",
        "level": 1,
        "seed": seed(),
        "window": {"skill": "add", "a": [1, 3], "b": [1, 3]},
        "neighbours": (),
        "weak": (),
        "seats": dict.fromkeys(ROLES, PRETENDED),
        "templates": {"solver": "solver@1"},
        "random": f"0/1/{episode}",
    }
    return Dealt.model_validate(base | changes)


def task(instruction: str = "What is 1 + 2?", answer: int = 3, **changes: Any) -> Task:
    base: dict[str, Any] = {
        "id": "task-1",
        "domain": "arithmetic",
        "skill": "add",
        "level": 1,
        "parameters": {"skill": "add", "a": 1, "b": 2},
        "instruction": instruction,
        "worded_by": "program",
        "grounding": Grounding(verifier="arithmetic@1", facts={"answer": answer}, signature="add:1:2"),
    }
    return Task.model_validate(base | changes)


def attempt(passed: bool = True, response: str = "3") -> Attempt:
    return Attempt(
        id=f"attempt-{response}",
        task="task-1",
        response=response,
        policy=PRETENDED,
        source="student",
        checks=(check(passed),),
    )


def probe(held: bool = False) -> Probe:
    return Probe(kind="shortcut", claim="", response="", by="program", held=held, evidence="refused")


def attack(held: bool = False) -> Attack:
    return Attack(policy=PRETENDED, probes=(probe(held),))


def critique(revise: bool = False) -> Critique:
    return Critique(policy=PRETENDED, faults=("clumsy",) if revise else (), advice="", revise=revise)


def verdict(ruling: Any = "accept", veto: bool = False) -> Verdict:
    return Verdict(policy=PRETENDED, ruling=ruling, confidence=1.0, veto=veto)


def policy(name: str = "base", **changes: Any) -> Policy:
    return Policy.model_validate({"id": f"policy-{name}", "name": name} | changes)


def turn(episode: str = "episode-1", role: Any = "solver", draft: int = 1, number: int = 1, **changes: Any) -> Turn:
    base: dict[str, Any] = {
        "key": TurnKey(episode=episode, role=role, draft=draft, attempt=number),
        "policy": PRETENDED,
        "served_as": "base",
        "template": f"{role}@1",
        "messages": (Message(role="user", content="What is 1 + 2?"),),
        "replies": ("3",),
        "finish": ("stop",),
        "usage": Usage(prompt_tokens=10, completion_tokens=2),
        "started": 1.0,
        "seconds": 0.5,
    }
    return Turn.model_validate(base | changes)


def episode(key: str = "episode-1", **changes: Any) -> Episode:
    base: dict[str, Any] = {
        "id": key,
        "round": 1,
        "position": 0,
        "domain": "arithmetic",
        "level": 1,
        "outcome": "refused",
        "reason": Reason.DUPLICATE,
        "stage": Stage.WELL_FORMED,
        "evidence": "said before",
    }
    return Episode.model_validate(base | changes)


def provenance(**changes: Any) -> Provenance:
    base: dict[str, Any] = {
        "episode": "episode-1",
        "round": 1,
        "domain": "arithmetic",
        "skill": "add",
        "level": 1,
        "source": "student",
        "worded_by": "program",
        "policy": PRETENDED,
        "generator": PRETENDED,
        "seed": "seed-1",
        "templates": {"solver": "solver@1"},
        "verifier": "arithmetic@1",
        "task": "task-1",
        "attempt": "attempt-1",
        "signature": "add:1:2",
        "free_text": "",
        "shape": "shape-1",
        "solve_rate": 0.5,
        "checks": ("answer",),
        "probes": 4,
    }
    return Provenance.model_validate(base | changes)


def exam(number: int, parent: str, student: str, promoted: bool = True) -> Exam:
    return Exam(
        id=f"exam-{number}", round=number, parent=parent, student=student, items=10, parent_right=2, student_right=9,
        wins=7, losses=0, p_value=0.008, alpha=0.03, parent_interval=(0.0, 0.5), student_interval=(0.6, 1.0),
        domains=(), skills={}, promoted=promoted, why="7 won, 0 lost", seconds=1.0,
    )  # fmt: skip


def sample(key: str = "sample-1", role: Any = "solver", asked: str = "What is 1 + 2?", **story: Any) -> Sample:
    messages = (Message(role="user", content=asked), Message(role="assistant", content="3"))
    return Sample(id=key, role=role, messages=messages, provenance=provenance(**story))


def config(folder: Path, **changes: Any) -> SessionConfig:
    """A session of twelve sums a round, small enough to play in a moment."""
    base: dict[str, Any] = {
        "session": folder / "session",
        "domains": {"arithmetic": (1, 2)},
        "play": {"episodes": 12, "attempts": 2},
        "judge": {"calibration": 4},
        "train": {"min_rows": 1},
        "exam": {"items": 8},
        "stop": {"rounds": 1},
    }
    return SessionConfig.model_validate(base | changes)


def means(settings: SessionConfig, script: Script | None = None, client: Client | None = None) -> Means:
    """Puppets, or a script, and a trainer that trains nothing."""
    found = client or ScriptedClient(script or Puppet())
    base = Policy(id=PRETENDED, name="base", student=True)
    trainer = PretendTrainer(settings.session / "students")
    return Means(OneClient(found), trainer, base, Limiter(64))


SHIPPED, _ = domains({"arithmetic": (1, 2, 3, 4), "text_ops": (1,), "units": (1,), "constraints": (1,)})
"""Each domain that ships."""

RUNNER = Chosen("landlock")
"""A sandbox that starts when something is first run in it."""
