"""A session that begins is served as was found best on its machine, where its config says nothing."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from noria.cli import tune
from noria.config import SessionConfig
from noria.inference import tuned
from noria.inference.fake_vllm import command
from noria.inference.tuned import Choice, Served, Tried
from noria.training.models import weights_id
from noria.training.standing import must_stand
from noria.training.untrained import untrained
from noria.types import Policy
from tests.cli.shell import config as written
from tests.cli.shell import noria

ROLES = ("generator", "critic", "adversary", "judge", "solver")


def model(folder: Path) -> Path:
    folder.mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def tried(student: Served, speed: float) -> Tried:
    return Tried(choice=Choice(student=student, dtype="float32", threads="all"), alone=speed, both=speed)


def test_where_the_config_says_nothing_what_was_found_is_written_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORIA_CACHE", str(tmp_path / "cache"))
    own = model(tmp_path / "model")
    config = SessionConfig(student=str(own))
    assert tune.settled(config) == config
    assert tune.look(config).said == "none for this machine, vLLM and student"
    found = tuned.of(weights_id(own), (tried("merged", 100), tried("adapter", 200)))
    assert found is not None
    tuned.keep(tune.kept(), found)
    assert tune.settled(config).serve.student == "adapter"
    assert tune.look(config).said.startswith("adapter, float32, all was fastest on 20")
    merged = SessionConfig.model_validate({"student": str(own), "serve": {"student": "merged"}})
    assert tune.settled(merged) == merged
    assert str(tune.here(merged.serve, weights_id(own))) == "merged, float32, all"
    rounded = SessionConfig.model_validate({"student": str(own), "methods": {"quantise": {}}})
    assert tune.settled(rounded).serve.student == "merged"
    other = SessionConfig.model_validate({"student": str(own), "serve": {"dtype": "bfloat16"}})
    assert tune.settled(other) == other
    (own / "model.safetensors").write_bytes(b"other weights")
    assert tune.settled(config) == config
    shown = tune.table(found)
    assert shown.row_count == 2


def test_a_config_whose_seats_are_all_far_away_has_nothing_to_tune(tmp_path: Path) -> None:
    endpoints = {"far": {"url": "http://127.0.0.1:9/v1", "model": "base"}}
    done = noria("doctor", "--tune", "-c", written(tmp_path, endpoints=endpoints, seats=dict.fromkeys(ROLES, "far")))
    assert done.returncode == 2
    assert "there is nothing to tune" in done.stderr


def test_a_calibration_makes_its_adapter_serves_both_ways_and_keeps_the_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORIA_CACHE", str(tmp_path / "cache"))
    code = (
        "import sys; from pathlib import Path; from tests.training.tiny import make; make(Path(sys.argv[1]), 'alone')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    own = {"student": str(tmp_path / "base"), "train": {"rank": 2}, "serve": {"dtype": "float32", "threads": "all"}}
    config, said = SessionConfig.model_validate(own), list[str]()
    found, table = tune.tune(config, said.append, command=command("--token-ms", "10", "--adapters-slower", "20"))
    assert str(found.chosen) == "merged, float32, all", found.tried
    assert [one.choice.student for one in found.tried if one.speed] == ["merged", "adapter"]
    assert table.row_count == 2
    assert said[0] == "making an adapter to measure with"
    assert len(said) == 3
    assert tune.settled(config).serve.student == "merged"
    made = asyncio.run(untrained(tmp_path / "base", tmp_path / "adapter", 2, threads=1))
    must_stand(Policy(id=weights_id(made), name="student-r0001", adapter=str(made)))
