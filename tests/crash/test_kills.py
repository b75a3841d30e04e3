"""Fifty kills, and every fault of a disk; each harness is a process of its own, for one with threads may not fork."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import noria
from noria import failpoints
from noria.errors import ConfigError
from tests.cli.shell import config, refused, right
from tests.cli.shell import noria as command

PACKAGE = Path(noria.__file__).parent


def harness(*words: str) -> dict[str, Any]:
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=900, env=alone
    )
    assert done.stdout, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["wrong"] == [], done.stderr[-3000:]
    assert done.returncode == 0
    return found


def test_fifty_kills_lose_nothing_double_nothing_and_repay_nothing() -> None:
    found = harness("tests.crash", "--kills", "50")
    assert found["kills"] >= 50
    assert found["points_not_passed"] == [], "a named point is passed by no dry run"
    assert found["points_died_at"] == found["points"] == len(failpoints.POINTS)


def test_a_disk_that_is_full_read_only_or_not_ours_ends_a_run_with_a_sentence() -> None:
    found = harness("tests.crash.disk")
    refusals = found["found"]
    assert {name for name in refusals if name.endswith("may not be written")} >= {"ledger.db may not be written"}
    if found["skipped"]:
        pytest.skip(found["skipped"])
    full = [name for name in refusals if name.startswith("full at ")]
    assert len(full) == len(failpoints.POINTS)
    assert sum(refusals[name][0] == 1 for name in full) > len(full) - 6


def named() -> list[str]:
    """Every point that stands in the code."""
    return [
        str(node.args[0].value)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "at"
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    ]


def test_every_point_of_the_list_stands_in_the_code_and_no_other() -> None:
    assert set(named()) == set(failpoints.POINTS)


def test_a_point_is_armed_by_the_environment(tmp_path: Path) -> None:
    path = config(tmp_path, stop={"rounds": 1})
    sentence = refused("run", "--dry-run", "-c", path, NORIA_DIE_AT="turn.payed")
    assert "NORIA_DIE_AT names no point: 'turn.payed'" in sentence
    assert "turn.paid" in sentence
    assert not (tmp_path / "session").exists()
    done = command("run", "--dry-run", "-c", path, NORIA_DIE_AT="turn.paid:9")
    assert done.returncode == -9
    assert json.loads(right("resume", tmp_path / "session", "--json"))["finished"] == "rounds: 1 played"


def test_a_witness_is_told_and_one_that_counts_dies_no_sooner_than_asked() -> None:
    seen: list[tuple[str, Any]] = []
    failpoints.watch(lambda point, what: seen.append((point, what)))
    try:
        failpoints.at("turn.kept")
        failpoints.at("call.begun", "key")
    finally:
        failpoints.watch(None)
    failpoints.at("turn.kept")
    assert seen == [("turn.kept", None), ("call.begun", "key")]
    deadly = failpoints.Deadly("turn.kept", 3)
    for _ in range(2):
        deadly("turn.kept", None)
    deadly("turn.paid", None)
    assert deadly.left == 1
    with pytest.raises(ConfigError, match="names no point"):
        failpoints.arm("turn.kept:soon")
