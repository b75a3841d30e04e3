"""Traces while a session plays: what has ended is sent to the OTLP endpoint that the environment names.

    ended, spent ─► queue of names ─► one thread ─► spans from the ledger ─► OTLP/HTTP ─► collector
    (the run)       (what, not the      (its own                            (protobuf, batches)
                     spans)              connection)

The run only says that something ended. A thread of its own reads it from the ledger, so a
collector that is slow or away costs the run nothing but names in a queue. What could not be
sent is dropped and counted, and said once at the end with the command that writes it to a file.

Nothing is sent twice by a run that is resumed: what had ended before it was opened is known and
left out. What a killed run had not sent yet is not sent later; `noria trace --otlp` has it, under
the same ids.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from noria.tracing import endpoint
from noria.types import Episode

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from noria.graphs.context import Context
    from noria.graphs.opening import Watch
    from noria.viewer.traces import Traces

PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
BATCH = 512
"""Spans of one request."""
PAUSE = 1.0
"""Seconds that spans wait for more."""
GRACE = 5.0
"""Seconds that the end of a run waits for what is not sent yet."""

Say = Callable[[str], None]
Job = tuple[str, Any, Any]


@contextmanager
def traced(session: Path, watch: "Watch", say: Say) -> Iterator["Watch"]:
    """A watch that also sends what ends, where an endpoint is set; else the watch as it is."""
    where = endpoint(os.environ)
    why = unable(os.environ) if where else ""
    if why:
        say(f"traces are not sent: {why}")
    if not where or why:
        yield watch
        return
    sending = Sending(session, where)
    try:
        yield sending.watching(watch)
    finally:
        if sent := sending.close():
            say(sent)


def unable(environment: Mapping[str, str]) -> str:
    """Why traces cannot be sent though an endpoint is set, with the mend; empty where they can."""
    protocol = next((found for name in PROTOCOLS if (found := environment.get(name, "").strip())), SPOKEN)
    if protocol != SPOKEN:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, and Noria speaks {SPOKEN} (port 4318 of a collector)."
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as fault:
        return f"{fault.name} is not installed; `pip install 'noria[otel]'` brings it."
    return ""


class Sending:
    """Sends what ends in one run of a session."""

    def __init__(self, session: Path, where: str, *, grace: float = GRACE) -> None:
        """Prepare to send; nothing is read or sent before a session is opened."""
        self.session = session
        self.grace = grace
        self.where = where
        self.made = self.sent = 0
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._known: set[str] = set()
        self._finished = True
        self._closing = threading.Event()
        self._why = _Heard()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def watching(self, watch: "Watch") -> "Watch":
        """The watch, told of everything as before."""

        def opened(context: "Context") -> None:
            self._opened(context)
            watch.opened(context)

        def ended(episode: Episode) -> None:
            if episode.id not in self._known:
                self._known.add(episode.id)
                self._jobs.put(("episode", episode.id, None))
            watch.ended(episode)

        def tell(event: str, facts: dict[str, Any]) -> None:
            if event == "spent":
                self._jobs.put(("stage", facts["round"], facts["stage"]))
            watch.tell(event, facts)

        return replace(watch, opened=opened, ended=ended, tell=tell)

    def _opened(self, context: "Context") -> None:
        """Know what an earlier run has told."""
        history = context.history
        self._finished = bool(history.ledger.fact("finished"))
        if rounds := history.rounds():
            self._known = history.ended(rounds[-1][0])
        self._thread.start()

    def close(self) -> str:
        """Send what is left within a few seconds, and say what became of it; nothing where no session was opened."""
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join(self.grace)
            self._closing.set()
            self._thread.join(1.0)
        if not self._thread.is_alive():  # while a try is on its way, what it says is heard here and nowhere else
            self._why.close()
        if self._thread.ident is None:
            return ""
        said = f"traces: {self.sent} spans were sent to {self.where}"
        lost, left = self.made - self.sent, sum(job is not None for job in _drained(self._jobs))
        if lost or left:
            gone = [f"{lost} spans"] * bool(lost) + [f"{left} episodes and stages"] * bool(left)
            why = f" ({self._why.last})" if self._why.last else ""
            said += f"; {' and '.join(gone)} were not{why}: `noria trace {self.session} --otlp FILE` writes them all"
        return said

    def _run(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult

        from noria.memory.history import History
        from noria.memory.ledger import Ledger
        from noria.viewer.traces import Traces, captures

        exporter = OTLPSpanExporter()
        threading.Thread(target=self._stopping, args=(exporter.shutdown,), daemon=True).start()
        ledger = Ledger(self.session)
        try:
            traces = Traces(History(ledger), content=captures(os.environ))
            for batch in self._batches(traces):
                if not self._closing.is_set() and exporter.export(batch) is SpanExportResult.SUCCESS:
                    self.sent += len(batch)
        except Exception as fault:  # whatever it is, the run goes on
            self._why.last = f"{type(fault).__name__}: {fault}"
        finally:
            ledger.close()

    def _stopping(self, shutdown: Callable[[], None]) -> None:
        """End the pauses between the exporter's tries once nobody waits any longer."""
        self._closing.wait()
        shutdown()

    def _batches(self, traces: "Traces") -> Iterator[list["ReadableSpan"]]:
        """Spans in batches, until the run is over and all is told, or nobody waits any longer."""
        batch: list[ReadableSpan] = []
        since, more = time.monotonic(), True
        while more and not self._closing.is_set():
            try:
                job = self._jobs.get(timeout=PAUSE)
                more = job is not None
                found = self._spans(traces, job) if job else self._last(traces)
                batch, self.made = batch + found, self.made + len(found)
            except Empty:
                pass
            if not more or time.monotonic() - since > PAUSE or len(batch) >= BATCH:
                while batch:
                    yield batch[:BATCH]
                    batch = batch[BATCH:]
                since = time.monotonic()

    def _spans(self, traces: "Traces", job: Job) -> list["ReadableSpan"]:
        kind, what, stage = job
        if kind == "episode":
            return traces.episode(what)
        # Play is over when the rows are chosen: its seconds are written after every batch.
        found = traces.stage(what, "play") if stage == "curate" else []
        found += [span for told in traces.sittings(what, stage) for span in told]
        found += traces.stage(what, stage)
        return found + (traces.round(what) if stage == "guard" else [])

    def _last(self, traces: "Traces") -> list["ReadableSpan"]:
        """The session, if it came to its end in this run."""
        if self._finished or not traces.history.ledger.fact("finished"):
            return []
        return [*(span for told in traces.others() for span in told), *traces.session()]


def _drained(jobs: SimpleQueue[Job | None]) -> Iterator[Job | None]:
    while not jobs.empty():
        yield jobs.get()


class _Heard(logging.Handler):
    """Keeps the last thing that the exporter logged, which would else be written into the run's own words."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._logger = logging.getLogger("opentelemetry")
        self._before = self._logger.propagate
        self._logger.propagate = False
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.last = " ".join(record.getMessage().split())[:200]

    def close(self) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._before
        super().close()
