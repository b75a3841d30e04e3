"""A real Chroma server for tests: Chroma's own, on a loopback port, gone afterwards."""

import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from noria.inference.ports import free_port


class ChromaServer:
    """A server that can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = Path(sysconfig.get_path("scripts")) / "chroma"
        with (self.folder / "log").open("ab") as log:
            place = ["--path", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(self.port)]
            self._process = subprocess.Popen([str(program), "run", *place], stdout=log, stderr=log)
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=5).close()
            except (urllib.error.URLError, OSError):
                assert self._process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the Chroma server does not answer")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def chroma_server(folder: Path) -> Iterator[ChromaServer]:
    """A server for as long as it is wanted."""
    found = ChromaServer(folder)
    try:
        yield found
    finally:
        found.stop()
