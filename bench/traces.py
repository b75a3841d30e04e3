"""What traces cost, and any OTLP viewer fed with a session that was played long ago.

    python bench/traces.py SESSION                                 how fast spans are built, and what a file weighs
    python bench/traces.py SESSION --to http://127.0.0.1:4318      and sent: every span, as a live run sends them

To look at them in Arize Phoenix (an environment of its own, about 850 MB):

    python -m venv phoenix && phoenix/bin/pip install arize-phoenix
    PHOENIX_TELEMETRY_ENABLED=false phoenix/bin/phoenix serve
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true python bench/traces.py SESSION --to http://127.0.0.1:6006
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.viewer.otlp import told, write
from noria.viewer.traces import Traces, captures

BATCH = 512


def main() -> None:
    """Build, write and, where asked to, send the spans of a session."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("session", type=Path)
    words.add_argument("--to", default="", help="the base address of an OTLP/HTTP receiver")
    asked = words.parse_args()
    ledger = Ledger(asked.session)
    traces = Traces(History(ledger), content=captures(os.environ))
    began = time.perf_counter()
    spans = [span for part in told(traces) for span in part]
    took = time.perf_counter() - began
    episodes = sum(span.name == "invoke_workflow episode" for span in spans)
    each = 1000 * took / max(1, episodes)
    print(f"{len(spans)} spans of {episodes} episodes built in {took:.2f} s: {each:.1f} ms an episode")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write(asked.session, Path(folder) / "traces.jsonl")
        size = (Path(folder) / "traces.jsonl").stat().st_size
        took = time.perf_counter() - began
        print(f"written in {took:.2f} s: {size / 1e6:.1f} MB, {size / len(spans):.0f} bytes a span")
    if asked.to:
        exporter, sent = OTLPSpanExporter(f"{asked.to.rstrip('/')}/v1/traces"), 0
        began = time.perf_counter()
        for at in range(0, len(spans), BATCH):
            batch = spans[at : at + BATCH]
            sent += len(batch) * (exporter.export(batch) is SpanExportResult.SUCCESS)
        print(f"{sent} of {len(spans)} sent to {asked.to} in {time.perf_counter() - began:.2f} s")
        exporter.shutdown()
    ledger.close()


if __name__ == "__main__":
    main()
