"""The command line as a user has it: a subprocess."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


def noria(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "noria", *map(str, words)],
        capture_output=True, text=True, env={**os.environ, **environment}, timeout=300, check=False,
    )  # fmt: skip


def right(*words: str | Path, **environment: str) -> str:
    done = noria(*words, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*words: str | Path, status: int = 2, **environment: str) -> str:
    """The sentence of a refusal: its status, no traceback, one line."""
    done = noria(*words, **environment)
    assert done.returncode == status, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    assert "Traceback" not in done.stderr + done.stdout
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("noria: ")
    return sentence


def config(folder: Path, **changes: Any) -> Path:
    base: dict[str, Any] = {
        "session": "session",
        "domains": {"arithmetic": [1, 2]},
        "play": {"episodes": 12, "attempts": 2},
        "judge": {"calibration": 4},
        "train": {"min_rows": 1},
        "exam": {"items": 8},
        "stop": {"rounds": 2},
    }
    path = folder / "noria.yaml"
    path.write_text(yaml.safe_dump(base | changes))
    return path


def load(text: str) -> Any:
    return json.loads(text)
