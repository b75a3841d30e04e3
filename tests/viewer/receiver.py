"""An OTLP receiver made of the specification's own messages, over real HTTP; it can be slow, refuse, and be away."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Receiver:
    """What came in."""

    url: str = ""
    """The base address, as OTEL_EXPORTER_OTLP_ENDPOINT has it."""
    status: int = 200
    delay: float = 0.0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    schemas: set[str] = field(default_factory=set)

    def spans(self) -> list[Span]:
        """Every span, as often as it came."""
        return [
            span for one in self.requests for part in one.resource_spans for scope in part.scope_spans
            for span in scope.spans
        ]  # fmt: skip

    def by_id(self) -> dict[str, Span]:
        """Every span by its id; one that came twice fails."""
        found = self.spans()
        ids = {span.span_id.hex(): span for span in found}
        assert len(ids) == len(found), "a span came twice"
        return ids


@contextmanager
def receiving(status: int = 200, delay: float = 0.0) -> Iterator[Receiver]:
    """A receiver that listens on a free port of loopback."""
    found = Receiver(status=status, delay=delay)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(found.delay)
            if found.status == 200:
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
                said = ExportTraceServiceRequest.FromString(body)
                found.requests.append(said)
                found.schemas |= {scope.schema_url for part in said.resource_spans for scope in part.scope_spans}
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def said(span: Any) -> dict[str, Any]:
    """A span's or an event's attributes as plain values."""
    found: dict[str, Any] = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [each.string_value for each in value.values] if kind == "array_value" else value
    return found
