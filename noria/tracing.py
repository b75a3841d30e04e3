"""Under which ids a session is traced: hashes of what the ledger knows, so that whoever computes them agrees.

    session ─► trace "session": session ─► rounds ─► stages
    episode ─► a trace of its own ─► agents ─► calls          (and so has each exam and each calibration)
    call    ─► traceparent ─► the endpoint, whose own spans join there

The call is told its place in the trace before it is made and its span is built from its turn
when it is over, in this process or in another, today or next year; both hash the turn's key.
Nothing is traced, and no header sent, unless an OTLP endpoint is named in the environment as
the OpenTelemetry specification has it.
"""

import re
from collections.abc import Mapping

from noria.identity import digest
from noria.types import TurnKey

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_SITTING = re.compile(r"[a-z]+-r\d{4,}(?:/[a-z]+)?")
"""What is asked outside of episodes stands under a kind, a round and, in the exams for seats, a role."""


def endpoint(environment: Mapping[str, str]) -> str:
    """Where traces are to go; empty where nobody asked for any."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    if environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return ""
    return next((found for name in ENDPOINTS if (found := environment.get(name, "").strip())), "")


def whole(place: str) -> str:
    """The thing that a call's trace tells: its episode, or the exam or calibration that it was a question of."""
    found = _SITTING.match(place)
    return found[0] if found else place


def trace_id(session: str, thing: str) -> str:
    """The trace of a thing of a session: 32 hexadecimal digits."""
    return digest(f"trace/{session}/{thing}")[:32]


def span_id(session: str, place: str) -> str:
    """The span of a place in a session: 16 hexadecimal digits."""
    return digest(f"span/{session}/{place}")[:16]


def call_place(key: TurnKey) -> str:
    """The place of a model call."""
    return f"call/{key}"


def traceparent(session: str, key: TurnKey) -> str:
    """The W3C trace context of a model call (https://www.w3.org/TR/trace-context/, version 00, sampled)."""
    return f"00-{trace_id(session, whole(key.episode))}-{span_id(session, call_place(key))}-01"
