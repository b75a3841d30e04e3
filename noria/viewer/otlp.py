"""A session's traces as a file: OTLP as JSON, one export request a line, as the collector's file exporter writes it.

    episode, sitting, round, session ─► one ExportTraceServiceRequest each ─► a line

Ids are hexadecimal and enums are numbers, which is where OTLP's JSON leaves that of protobuf
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). The file is written beside
its place and moved there when it is whole. What has not ended is left out: it is told once it has.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from noria.errors import SessionError, storage
from noria.memory.history import History
from noria.memory.ledger import Ledger

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    from noria.viewer.traces import Traces

LOCAL = 0x100
"""Flags of a span whose parent is known to be of this process (`SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`)."""


def write(session: Path, file: Path, episode: str = "", number: int | None = None) -> int:
    """Write the traces of a session, of one round of it or of one episode to a file; returns how many spans.

    Raises:
        SessionError: the folder holds no session, the session knows no such round, the episode is
            not known or has not ended, or the file cannot be written.
        RunError: the disk is full.
    """
    from noria.viewer.traces import Traces, captures

    ledger = Ledger(session)
    beside = file.with_name(f".{file.name}.part")
    try:
        traces = Traces(History(ledger), content=captures(os.environ))
        count = 0
        with storage(file):
            try:
                with beside.open("wb") as lines:
                    for part in told(traces, episode, number):
                        lines.write(orjson.dumps(request(part)) + b"\n")
                        count += len(part)
                beside.replace(file)
            finally:
                beside.unlink(missing_ok=True)
        return count
    finally:
        ledger.close()


def told(traces: "Traces", episode: str = "", number: int | None = None) -> Iterator[list["ReadableSpan"]]:
    """The spans that were asked for, a trace or a part of one at a time.

    Raises:
        SessionError: there is no such round, or no such episode that has ended.
    """
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
            if found := traces.stage(one, stage):
                yield found
        if found := traces.round(one):
            yield found
    if number is None:
        yield from traces.others()
        if found := traces.session():
            yield found


def over(stages: Mapping[str, Any]) -> list[str]:
    """The stages of a round that are over: playing writes its seconds after every batch, and ends with the curation."""
    return [name for name in stages if name != "play" or "curate" in stages]


def request(spans: Sequence["ReadableSpan"]) -> dict[str, Any]:
    """Spans of one session as an ExportTraceServiceRequest in OTLP's JSON."""
    first = spans[0]
    scope = first.instrumentation_scope
    assert scope is not None, "every span of a session has its scope"
    inside = {
        "scope": {"name": scope.name, "version": scope.version},
        "spans": [_span(one) for one in spans],
        "schemaUrl": scope.schema_url,
    }
    return {"resourceSpans": [{"resource": {"attributes": _said(first.resource.attributes)}, "scopeSpans": [inside]}]}


def _span(span: "ReadableSpan") -> dict[str, Any]:
    """A span; what it has not is left out, as protobuf leaves it out."""
    context, above = span.get_span_context(), span.parent
    assert context is not None, "every span has its place"
    found = {
        **_ids(context),
        "parentSpanId": f"{above.span_id:016x}" if above else "",
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _said(span.attributes),
        "events": [
            {"timeUnixNano": str(one.timestamp), "name": one.name, "attributes": _said(one.attributes)}
            for one in span.events
        ],
        "links": [{**_ids(one.context), "attributes": _said(one.attributes), "flags": LOCAL} for one in span.links],
        "status": {"code": span.status.status_code.value} if span.status.status_code.value else {},
        "flags": LOCAL,
    }
    return {name: value for name, value in found.items() if value or name == "status"}


def _ids(context: "SpanContext") -> dict[str, str]:
    return {"traceId": f"{context.trace_id:032x}", "spanId": f"{context.span_id:016x}"}


def _said(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in (attributes or {}).items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case _:
            return {"arrayValue": {"values": [_value(one) for one in value]}}
