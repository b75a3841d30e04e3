"""A real PostgreSQL for tests: Debian's package, on a loopback port, in a folder of its own, gone afterwards.

It sorts by a language's rules (ICU), as many a database does, so that what relies on another order fails.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from noria.inference.ports import free_port

USER, PASSWORD = "noria", "mill-stone"
"""Who may do all in it."""


def programs() -> Path:
    """The folder of its programs, which Debian keeps out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found and (named := shutil.which("initdb")):
        found = [Path(named).resolve()]
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1].parent


class Server:
    """A server that can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        # It refuses to run as root, who has a user for it.
        self._user = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "--no-sync", "--username", USER, "--pwfile", str(secret), "--auth", "scram-sha-256",
                  "--encoding", "UTF8", "--locale-provider", "icu", "--icu-locale", "en-US", "--locale", "C.UTF-8",
                  "--pgdata", str(folder / "data"))  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """The address of a database, its password in it."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def bare(self, database: str = "postgres") -> str:
        """The address without the password."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database; its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                   "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
                   "-c", "fsync=off", "-c", "max_connections=60"]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(program, stdout=log, stderr=log, user=self._user)
        for _ in range(600):
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PostgreSQL does not answer")

    def stop(self) -> None:
        """End it as a restart does: whoever is connected is told so."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(programs() / name), *arguments], user=self._user, capture_output=True, text=True, cwd=self.folder
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def server() -> Iterator[Server]:
    """A server for as long as it is wanted."""
    folder = Path(tempfile.mkdtemp(prefix="noria-postgres-"))
    folder.chmod(0o755)
    found = Server(folder)
    try:
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)
