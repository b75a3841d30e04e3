"""What a session is told before it begins: one YAML file, read once and frozen."""

from noria.config.exam import ExamRules
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
from noria.config.session import SessionConfig, load, parse

__all__ = [
    "Endpoint",
    "ExamRules",
    "Judge",
    "Part",
    "Play",
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
