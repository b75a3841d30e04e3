"""A session of a study, played in a process of its own: begun, or gone on with where it was left.

FOLDER/noria.yaml · session/ · log.txt
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from noria.config import SessionConfig
from noria.errors import storage
from noria.graphs.folder import begun
from noria.memory.ledger import told


def finished(session: Path) -> bool:
    """Whether a session came to its end."""
    return begun(session) and bool(told(session, "finished"))


def played(folder: Path, data: dict[str, Any], config: SessionConfig, *, dry: bool) -> str:
    """Play a session to its end; why it failed, empty where it came to it.

    `data` is its config as it is written, `config` the same parsed; its files go to `folder`.

    Raises:
        KeyboardInterrupt: it was told to stop; it can be gone on with.
        SessionError: the folder cannot be written.
    """
    session = config.session
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # The file stands elsewhere than what it was made of: what that names beside itself is named in full.
        written = _absolute(data, config.model_dump(mode="json"))
        (folder / "noria.yaml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    if begun(session):
        command = ["resume", str(session)]
    else:
        command = ["run", "-c", str(folder / "noria.yaml"), *(["--dry-run"] if dry else [])]
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "noria", *command, "--json"], stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            status = child.wait()
        except KeyboardInterrupt:
            os.killpg(child.pid, signal.SIGINT)  # it saves, and can be gone on with
            child.wait()
            raise
    if status == 0 and finished(session):
        return ""
    said = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " ".join((said[-1] if said else "it said nothing").split())[:300] + f" (status {status})"


def _absolute(data: dict[str, object], config: dict[str, object]) -> dict[str, object]:
    """A config as it is written, with its paths as they were resolved."""
    found: dict[str, object] = {}
    for name, value in data.items():
        known = config.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            found[name] = _absolute(value, known)
        else:
            relative = isinstance(value, str | list) and isinstance(known, type(value)) and known != value
            found[name] = known if relative else value
    return found
