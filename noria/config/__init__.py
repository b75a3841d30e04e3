"""What a session is told before it begins: one YAML file, read once and frozen."""

from noria.config.arm import Acceptance, Arm, Aside
from noria.config.exam import ExamRules
from noria.config.guards import GUARD_ACTIONS, GUARDS, Guard, GuardAction, GuardName
from noria.config.hygiene import Hygiene
from noria.config.parts import (
    Endpoint,
    Judge,
    Part,
    Play,
    SandboxRules,
    Seeds,
    Serve,
    Stop,
    Train,
    VerifierRules,
)
from noria.config.roles import RoleRules
from noria.config.session import SessionConfig, load, parse

__all__ = [
    "GUARDS",
    "GUARD_ACTIONS",
    "Acceptance",
    "Arm",
    "Aside",
    "Endpoint",
    "ExamRules",
    "Guard",
    "GuardAction",
    "GuardName",
    "Hygiene",
    "Judge",
    "Part",
    "Play",
    "RoleRules",
    "SandboxRules",
    "Seeds",
    "Serve",
    "SessionConfig",
    "Stop",
    "Train",
    "VerifierRules",
    "load",
    "parse",
]
