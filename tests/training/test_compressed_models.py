"""Token-level distillation and quantising, of a tiny llama: what they leave, and what an exam before and after says."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file

from noria.cli.export_weights import examiner
from noria.config import Train
from noria.config.methods.distillation import DistilTokens
from noria.graphs.opening import Means
from noria.graphs.run import run
from noria.inference.client import Request
from noria.inference.limiter import Limiter
from noria.inference.local import OneClient
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.curate import Curated
from noria.training.distilling import distil, rows_for
from noria.training.export.manifest import exported, must_read
from noria.training.export.weights import WeightsOrder, write_weights
from noria.training.models import weights_id
from noria.training.publish import MANIFEST, PICKLES
from noria.training.rows import Row, write_rows
from noria.types import Message, Policy
from tests import build
from tests.graphs.steered import settings

STUDENT = "student-r0001"


def rows() -> tuple[Row, ...]:
    said = Message(role="system", content="Answer exactly as asked, briefly.")
    return tuple(
        Row(
            prompt=(said, Message(role="user", content=f"What is {a} plus {b}")), completion=str(a + b),
            source="program", sample=f"sample-{a}-{b}",
        )
        for a in range(4) for b in range(4)
    )  # fmt: skip


def curated() -> Curated:
    ids = tuple(one.sample for one in rows())
    return Curated(rows(), {"new": 8, "replay": 8, "program": 16}, ids, {}, {})


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base, adapter, merged, distilled and rounded weights, made by the real programs in one process."""
    folder = tmp_path_factory.mktemp("tiny")
    write_rows(folder / "rows.jsonl", rows_for(DistilTokens(), curated()))
    command = [sys.executable, "-m", "tests.training.tiny", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_student_is_left_half_way_from_its_base_where_it_is_told_to(tiny: Path) -> None:
    whole, half = (load_file(tiny / "student" / name / "adapter_model.safetensors") for name in ("whole", "half"))
    seconds = [name for name in whole if "lora_B" in name]
    assert len(seconds) == 14
    for name, weight in whole.items():
        assert weight.any()
        assert numpy.allclose(half[name], weight * (0.5 if name in seconds else 1.0), atol=1e-7)


def test_only_what_was_replayed_and_the_anchors_keep_a_student_where_it_was() -> None:
    anchor = rows()[0].model_copy(update={"source": "anchor", "sample": "seed-1"})
    chosen = Curated((*rows(), anchor), {"new": 10, "replay": 6}, curated().samples, {}, {})
    kept = rows_for(DistilTokens(), chosen)
    assert [one.sample for one in kept] == [*curated().samples[10:], "seed-1"]
    assert len(rows_for(DistilTokens(rows="all"), chosen)) == 17


def test_a_distillation_draws_the_student_towards_its_teacher(tiny: Path) -> None:
    report = json.loads((tiny / "student/distilled/training.json").read_text())
    assert report["rows"] == 8
    assert report["loss_last"] < 0.8 * report["loss_first"]
    assert weights_id(tiny / "student/distilled") != weights_id(tiny / "student/adapter")
    assert not [one for one in (tiny / "student/distilled").rglob("*") if one.suffix in PICKLES]


def test_a_finished_distillation_is_found_by_its_job_and_one_without_rows_is_none(tiny: Path, tmp_path: Path) -> None:
    base = Policy(id=weights_id(tiny / "base"), name="base", folder=str(tiny / "base"))
    rules = DistilTokens(learning_rate=2e-2, epochs=6, max_tokens=100_000)
    own, place = Train(batch=4, max_row_tokens=64, seed=0), tmp_path / "student"
    shutil.copytree(tiny / "student", place)

    def started(chosen: Curated) -> Any:
        return asyncio.run(
            distil(base, place / "adapter", place, chosen, rules, own, bf16=False, on_step=lambda step: None)
        )

    done = started(curated())
    assert done.folder == place / "distilled"
    assert done.report["loss_last"] < done.report["loss_first"]
    assert started(Curated(rows(), {"new": 16}, curated().samples, {}, {})) is None


def test_the_rounded_weights_are_near_the_merged_ones_and_weigh_less(tiny: Path) -> None:
    from safetensors.numpy import load_file

    whole, rounded = (load_file(tiny / "student" / name / "model.safetensors") for name in ("merged", "int8"))
    assert set(whole) == set(rounded)
    off = max(abs(whole[name] - rounded[name]).max() for name in whole)
    assert 0 < off < 0.02
    gguf, before = (
        (tiny / "student" / name).stat().st_size for name in ("int8/model-int8.gguf", "merged/model.safetensors")
    )
    assert gguf < before


def skilled(request: Request) -> Any:
    """What rounding costs, as a puppet pretends it: the merged model is right about most sums, the rounded is not."""
    skill = 0.9 if request.model in ("merged", STUDENT) else 0.2
    return Puppet(skill=skill)(request)


class Given:
    """A trainer whose student is the tiny one, with weights that were rounded before."""

    def __init__(self, tiny: Path, folder: Path) -> None:
        self.tiny = tiny
        self.folder = folder

    async def __call__(self, name: str, number: int, base: Policy, chosen: Curated, on_step: Any, **_: Any) -> Policy:
        place = self.folder / name
        shutil.copytree(self.tiny / "student", place, dirs_exist_ok=True)
        return Policy(
            id=weights_id(place / "adapter"), name=name, parents=(base.id,), round=number, student=True,
            folder=str(place / "merged"), adapter=str(place / "adapter"),
            training={"composition": chosen.composition, "dtype": "float32"},
        )  # fmt: skip


@pytest.fixture(scope="module")
def session(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session whose promoted student is examined once more with its weights rounded."""
    rules = settings(
        tmp_path_factory.mktemp("rounded"), exam={"items": 40, "frozen": 12}, methods={"quantise": True},
        play={"episodes": 12, "batch": 12, "attempts": 2},
    )  # fmt: skip
    base = Policy(id="policy-base", name="base", folder=str(tiny / "base"), student=True)
    trainer = Given(tiny, rules.session / "students")
    asyncio.run(run(rules, Means(OneClient(ScriptedClient(skilled)), trainer, base, Limiter(64))))
    return rules.session


@pytest.fixture
def rounded(session: Path) -> Iterator[History]:
    ledger = Ledger(session)
    yield History(ledger)
    ledger.close()


def test_a_promoted_student_is_examined_once_more_as_it_would_be_rounded(rounded: History) -> None:
    facts = rounded.round(1)
    assert facts["promoted"] == STUDENT
    found = facts["quantised"]
    assert found["items"] == 16
    assert found["before"] > found["after"] + 5
    assert found["low"] < found["difference"] < found["high"] < 0
    assert "beyond noise" in found["said"]
    own = rounded.policy(found["policy"])
    assert own is not None
    assert own.parents == (rounded.policy(STUDENT).id,)  # type: ignore[union-attr]
    assert not own.student


def test_a_rounded_export_says_what_the_rounding_cost(rounded: History, session: Path, tmp_path: Path) -> None:
    order = WeightsOrder(to=tmp_path / "out", session=session, policy=STUDENT, quantised="int8", base_model="some/base")
    examine = examiner(session, rounded, lambda own: build.means(own, skilled))
    done = write_weights(rounded, order, examine)
    assert done.kind == "quantised"
    assert must_read(tmp_path / "out").told["quantised"]["scheme"] == "int8"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"model-int8.gguf", "tokenizer.json", "config.json", "lineage.json", "README.md", MANIFEST}
    assert not [name for name in names if name.endswith(".safetensors")]
    card = (tmp_path / "out" / "README.md").read_text()
    lost = done.told["quantised"]
    assert lost["said"] in card.replace("&#126;", "~")
    assert 'gguf_file="model-int8.gguf"' in card
    assert "nothing was calibrated" in card
    assert "base_model_relation: quantized" in card
    assert lost["before"] > lost["after"]
    assert lost["bytes"]["after"] < lost["bytes"]["before"]
    assert exported(tmp_path / "out") == done
