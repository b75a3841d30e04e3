"""A real OpenTelemetry collector in a process of its own: rotel.

    Noria ─► OTLP/HTTP ─► rotel ─► OTLP/HTTP ─► a receiver of the test's

Rotel (Apache-2.0) is the one collector that comes whole from PyPI: a wheel of 10 MB with a
binary for Linux on x86-64, in `requirements/dev.txt`. Elsewhere this is skipped.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from noria.inference.ports import free_port
from tests.ending import end


@contextmanager
def collector(folder: Path, onward: str) -> Iterator[str]:
    """Rotel on a free port, which hands everything on."""
    spec = find_spec("rotel")
    binary = Path(str(spec.origin)).with_name("rotel-agent") if spec else None
    if binary is None or not binary.is_file():
        pytest.skip("rotel is not installed (`pip install rotel==0.0.1a15`, Linux on x86-64): no real collector here")
    port = free_port()
    command = [
        str(binary), "start", "--otlp-http-endpoint", f"127.0.0.1:{port}",
        "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}", "--exporter", "otlp",
        "--otlp-exporter-endpoint", onward, "--otlp-exporter-protocol", "http",
        "--pid-file", str(folder / "rotel.pid"), "--log-file", str(folder / "rotel.log"),
    ]  # fmt: skip
    with (folder / "said").open("w") as told, subprocess.Popen(command, stdout=told, stderr=told) as process:
        try:
            until = time.monotonic() + 60
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert process.poll() is None, (folder / "said").read_text()
                assert time.monotonic() < until, (folder / "said").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process)
