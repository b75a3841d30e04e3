"""How soon a running session on the real model does what it is told.

    python bench/steering.py [--place FOLDER] [--json]

Plays three small rounds of the default student, both policies in one server. In the first round it
leaves a note, changes the generator's template and pauses; waits until the session stands still, looks
whether its server lives, and goes on. As soon as a student was promoted and the next round plays, it
rolls back. Told are the seconds of each answer, from the word to what it changed, and whether note and
template reached the calls of the next batch. Without a promotion there is nothing to roll back, and it says so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import yaml

from noria.cli.rollback import requests_rollback
from noria.graphs.steering import asking
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.types import Turn

CONFIG: dict[str, Any] = {
    "domains": {"units": [1], "text_ops": [1]},
    "serve": {"student": "adapter"},
    "play": {"episodes": 48, "attempts": 4, "batch": 16},
    "judge": {"calibration": 2},
    "train": {"min_rows": 4, "max_tokens": 12000, "learning_rate": 0.002},
    # A level at which a gain is soon believed: what is measured here is not the gate.
    "exam": {"items": 40, "alpha": 0.9, "frozen": 0, "prose": 0, "probation": 0},
    "roles": {"items": 0},
    "guards": "off",
    "stop": {"rounds": 3},
}
NOTE = "ask about rivers and boats"
