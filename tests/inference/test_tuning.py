"""The calibration serves real child servers: what dies is named and passed over, and the fastest is kept."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from noria.config import Serve
from noria.errors import ConfigError
from noria.inference import tuned
from noria.inference.fake_vllm import command
from noria.inference.share import CORES, bound, cores
from noria.inference.tuned import Choice, Tried
from noria.inference.tuning import Terms, calibrate
from noria.inference.vllm_server import on_cpu
from noria.types import Policy

BASE = Policy(id="policy-base", name="base", folder="/models/base")


def terms(folder: Path, *own: str, **rules: Any) -> Terms:
    return Terms(
        BASE, "/models/adapter", Serve.model_validate({"threads": "all", "start_timeout": 120} | rules), folder,
        command=command(*own), at_once=4, calls=8, tokens=8,
    )  # fmt: skip


@pytest.mark.skipif(not on_cpu(), reason="numbers are chosen on a CPU alone")
async def test_what_dies_of_its_numbers_or_of_an_adapter_is_named_and_passed_over(tmp_path: Path) -> None:
    said: list[Tried] = []
    tried = await calibrate(terms(tmp_path, "--dies-of", "bfloat16", "--adapters-die-of", "float32"), said.append)
    assert list(tried) == said
    found = {str(one.choice): one for one in tried}
    assert list(found) == ["merged, float32, all", "merged, bfloat16, all", "adapter, float32, all"]
    assert "ended at start of signal 4, SIGILL" in found["merged, bfloat16, all"].why
    assert "died" in found["adapter, float32, all"].why
    assert found["merged, float32, all"].speed > 0
    kept = tuned.of(BASE.id, tried)
    assert kept is not None
    assert str(kept.chosen) == "merged, float32, all"
    assert not list(tmp_path.rglob("*.owner.json")), "a server was left behind"


async def test_an_adapter_that_is_slow_to_speak_loses_to_merged_weights(tmp_path: Path) -> None:
    slow = terms(tmp_path, "--token-ms", "20", "--adapters-slower", "10", dtype="float32")
    tried = await calibrate(slow)
    merged, adapter = tried
    assert merged.speed > adapter.speed > 0
    assert adapter.both < adapter.alone
    out_of_time = await calibrate(dataclasses.replace(slow, seconds=-1.0))
    assert [one.why for one in out_of_time] == ["no time was left of -1 s"] * 2
    assert tuned.of(BASE.id, out_of_time) is None


def test_what_was_found_is_known_again_on_the_same_machine_alone(tmp_path: Path) -> None:
    merged = Tried(choice=Choice(student="merged", dtype="float32", threads="split"), alone=200, both=300)
    adapter = Tried(choice=Choice(student="adapter", dtype="bfloat16", threads="all"), alone=200, both=100)
    dead = Tried(choice=Choice(student="merged", dtype="bfloat16", threads="all"), alone=900, both=900, why="it died")
    file = tmp_path / "cache" / "tuned.json"
    assert tuned.found(file, "policy-a") is None
    for model in ("policy-a", "policy-b", "policy-a"):
        found = tuned.of(model, (merged, adapter, dead))
        assert found is not None
        tuned.keep(file, found)
    assert len(tuned.read(file).tunings) == 2
    again = tuned.found(file, "policy-a")
    assert again is not None
    assert again.chosen == merged.choice
    assert again.best(student="adapter", dtype="auto") == adapter.choice
    assert again.best(dtype="bfloat16", threads="all", student="merged") is None
    elsewhere = json.loads(file.read_text())
    for one in elsewhere["tunings"]:
        one["machine"] = "another, 3 cores"
    file.write_text(json.dumps(elsewhere))
    assert tuned.found(file, "policy-a") is None
    file.write_text("{")
    assert tuned.found(file, "policy-a") is None
    with pytest.raises(ConfigError, match=r"cannot be read from .*noria doctor --tune"):
        tuned.read(file)
    tuned.keep(file, again)
    assert tuned.found(file, "policy-a") == again


def test_the_cores_are_shared_as_it_is_said() -> None:
    whole = cores()
    assert bound("all") == {CORES: ",".join(whole)}
    assert bound("loose") == {CORES: "nobind"}
    halves = [bound("split", one)[CORES].split(",") for one in (0, 1)]
    if len(whole) == 1:
        assert halves == [whole, whole]
    else:
        assert halves[0] + halves[1] == whole
        assert len(bound("spare")[CORES].split(",")) == len(whole) - 1
