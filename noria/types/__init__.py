"""The nouns of Noria, each written down once.

    seed ─► task ─► attempts ─► sample          turn ⊂ trace ⊂ episode ⊂ round ⊂ session

A *task* is an instruction with its grounding; an *attempt* is a response with its checks;
a *sample* projects a passing attempt (or an accepted proposal) for one role. Everything
here is frozen and goes to disk or over the wire as it is; the ledger stores nothing else.
"""

from noria.types.candidate import Attack, Attempt, Check, Critique, Grounding, Probe, Seed, Task, Verdict
from noria.types.learning import (
    Demand,
    DemandName,
    DomainResult,
    Exam,
    ExamItem,
    Form,
    Frozen,
    Policy,
    Power,
    Prose,
    RoleExam,
    RoleItem,
    Trial,
)
from noria.types.quarantine import MEND, Quarantine, beating, rests_alone, shown_by
from noria.types.selecting import Lean, Review, Selection
from noria.types.standing import Cause, Move
from noria.types.steering import Arm, Arms, Batch, DealtBy, Step, StepKind
from noria.types.story import Dealt, Episode, Provenance, Sample, Turn, TurnKey, Usage
from noria.types.words import (
    ROLES,
    Bucket,
    Json,
    Message,
    Noun,
    Outcome,
    Reason,
    Role,
    Ruling,
    Source,
    Stage,
    Warrant,
    WordedBy,
)

__all__ = [
    "MEND",
    "ROLES",
    "Arm",
    "Arms",
    "Attack",
    "Attempt",
    "Batch",
    "Bucket",
    "Cause",
    "Check",
    "Critique",
    "Dealt",
    "DealtBy",
    "Demand",
    "DemandName",
    "DomainResult",
    "Episode",
    "Exam",
    "ExamItem",
    "Form",
    "Frozen",
    "Grounding",
    "Json",
    "Lean",
    "Message",
    "Move",
    "Noun",
    "Outcome",
    "Policy",
    "Power",
    "Probe",
    "Prose",
    "Provenance",
    "Quarantine",
    "Reason",
    "Review",
    "Role",
    "RoleExam",
    "RoleItem",
    "Ruling",
    "Sample",
    "Seed",
    "Selection",
    "Source",
    "Stage",
    "Step",
    "StepKind",
    "Task",
    "Trial",
    "Turn",
    "TurnKey",
    "Usage",
    "Verdict",
    "Warrant",
    "WordedBy",
    "beating",
    "rests_alone",
    "shown_by",
]
