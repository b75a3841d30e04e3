"""A session's traces as a file: OTLP as JSON, one export request a line, as the collector's file exporter writes it.

    episode, sitting, round, session ─► one ExportTraceServiceRequest each ─► a line

Ids are hexadecimal and enums are numbers, which is where OTLP's JSON leaves that of protobuf
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). The file is written beside
its place and moved there when it is whole. What has not ended is left out: it is told once it has.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from noria.errors import SessionError, storage
from noria.memory.history import History
from noria.memory.ledger import Ledger

IDS = ("traceId", "spanId", "parentSpanId")


def write(session: Path, file: Path, episode: str = "", number: int | None = None) -> int:
    """Write the traces of a session, of one round of it or of one episode to a file; returns how many spans.

    Raises:
        SessionError: the folder holds no session, the session knows no such round, the episode is
            not known or has not ended, or the file cannot be written.
        RunError: the disk is full.
    """
    from noria.viewer.traces import Traces, captures

    ledger = Ledger(session)
    part = file.with_name(f".{file.name}.part")
    try:
        traces = Traces(History(ledger), content=captures(os.environ))
        count = 0
        with storage(file):
            try:
                with part.open("w", encoding="utf-8") as lines:
                    for told in _told(traces, episode, number):
                        lines.write(json.dumps(request(told), ensure_ascii=False, separators=(",", ":")) + "\n")
                        count += len(told)
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
        return count
    finally:
        ledger.close()


def _told(traces: Any, episode: str, number: int | None) -> Iterator[list[Any]]:
    """The spans that were asked for, a trace or a part of one at a time."""
    if episode:
        yield traces.episode(episode)
        return
    rounds = [known for known, _, _ in traces.history.rounds()]
    if number is not None and number not in rounds:
        last = f"its last is {rounds[-1]}" if rounds else "it has none yet"
        raise SessionError(f"The session has no round {number}; {last}.", mend="`noria status` lists them.")
    for one in rounds if number is None else [number]:
        yield from traces.round_episodes(one)
        for stage in over(traces.history.round(one).get("stages", {})):
            yield from traces.sittings(one, stage)
            yield traces.stage(one, stage)
        if found := traces.round(one):
            yield found
    if number is None:
        yield from traces.others()
        if found := traces.session():
            yield found


def over(stages: Mapping[str, Any]) -> list[str]:
    """The stages of a round that are over: playing writes its seconds after every batch, and ends with the curation."""
    return [name for name in stages if name != "play" or "curate" in stages]


def request(told: Sequence[Any]) -> dict[str, Any]:
    """Spans as an ExportTraceServiceRequest in OTLP's JSON."""
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # it ships no types
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    body = MessageToDict(encode_spans(told), use_integers_for_enums=True)
    for part in body.get("resourceSpans", ()):
        for scope in part.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                for thing in (span, *span.get("links", ())):
                    for name in IDS:
                        if name in thing:
                            thing[name] = _hexadecimal(thing[name])
    return dict(body)


def _hexadecimal(text: str) -> str:
    """An id that protobuf's JSON writes in base 64."""
    from base64 import b64decode

    return b64decode(text).hex()
