"""A Ray cluster of one machine, on loopback, started and ended by the tests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from noria.inference.ports import free_port

ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "disabled"}

ALTER = """
import json, sys
from ray._raylet import GcsClient
gcs = GcsClient(address=sys.argv[1])
found = json.loads(gcs.internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster"))
told = json.loads(sys.argv[2])
gcs.internal_kv_put(b"CLUSTER_METADATA", json.dumps(found | told).encode(), True, namespace=b"cluster")
print(json.dumps({name: found[name] for name in told}))
"""
"""Tells a cluster that it is of another version; prints what it was told before."""


@contextmanager
def head(folder: Path, cpus: int) -> Iterator[str]:
    """A cluster with so many CPUs; its address."""
    port = free_port()
    words = [
        "start", "--head", "--block", f"--port={port}", f"--num-cpus={cpus}", "--include-dashboard=false",
        "--disable-usage-stats", "--node-ip-address=127.0.0.1", f"--object-store-memory={100 * 2**20}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from ray.scripts.scripts import main; main()", *words],
            stdout=log, stderr=log, env={**os.environ, **ALONE}, start_new_session=True,
        )  # fmt: skip
    try:
        for _ in range(3000):
            assert process.poll() is None, (folder / "log").read_text()
            if "Ray runtime started" in (folder / "log").read_text():
                break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def pretending(address: str, **versions: str) -> Iterator[None]:
    """The cluster says that it is of these versions, for as long as this is open."""
    before = _told(address, versions)
    try:
        yield
    finally:
        _told(address, before)


def _told(address: str, versions: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", ALTER, address, json.dumps(versions)],
        capture_output=True, text=True, check=True, env={**os.environ, **ALONE},
    )  # fmt: skip
    found: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
