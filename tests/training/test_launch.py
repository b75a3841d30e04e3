"""Training jobs as processes: what they leave, what they say when they fail, and that none is run twice."""

import asyncio
import json
from pathlib import Path

import pytest

from noria.errors import ModelError, RunError
from noria.training.launch import finished, train
from noria.training.models import checked, resolve, weights_id
from noria.training.publish import aside, publish
from noria.training.rows import write_rows
from noria.training.sft_job import Job
from noria.training.trainer import pretended


def job(folder: Path, **changes: object) -> Job:
    write_rows(folder / "rows.jsonl", [])
    base = {
        "base": str(folder / "base"), "base_id": "policy-base",
        "rows": str(folder / "rows.jsonl"), "out": str(folder / "adapter"), "rank": 8,
        "learning_rate": 1e-4, "epochs": 1, "batch": 2, "max_tokens": 1000, "max_row_tokens": 64,
        "seed": 0, "threads": 1,
    }  # fmt: skip
    return Job.model_validate(base | changes)


def test_a_training_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError) as fault:
        asyncio.run(train(job(tmp_path), on_step=lambda step: None))
    assert f"The training of {tmp_path.name} failed with status 1" in str(fault.value)
    assert "noria resume" in str(fault.value)
    assert not (tmp_path / "adapter").exists()


def adapter(job: Job) -> Path:
    """What a finished training leaves."""
    out = Path(job.out)
    place = aside(out)
    (place / "adapter_model.safetensors").write_bytes(pretended("weights"))
    (place / "training.json").write_text(json.dumps({"loss_last": 1.0}))
    publish(place, out, kind="adapter", made_by=job.identity(), base=job.base_id)
    return out


def test_a_finished_training_is_found_by_its_job_and_not_run_again(tmp_path: Path) -> None:
    done = job(tmp_path)
    adapter(done)
    trained = asyncio.run(train(done, on_step=lambda step: None))
    assert trained.report["loss_last"] == 1.0
    assert finished(tmp_path / "adapter", job(tmp_path, epochs=2)) is None
    assert finished(tmp_path / "adapter", job(tmp_path, base_id="policy-other")) is None
    # The machine it ran on is no part of what a training is.
    assert job(tmp_path, threads=64).identity() == done.identity()


def test_an_adapter_that_does_not_read_as_it_was_written_is_trained_again(tmp_path: Path) -> None:
    done = job(tmp_path)
    (adapter(done) / "adapter_model.safetensors").write_bytes(pretended("weighst"))
    assert finished(tmp_path / "adapter", done) is None
    with pytest.raises(RunError, match="The training"):  # it is tried, and this base is no model
        asyncio.run(train(done, on_step=lambda step: None))


def test_a_model_is_what_it_weighs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no safetensors"):
        weights_id(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = weights_id(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert weights_id(tmp_path) != first


def test_a_folder_is_checked_before_it_is_served(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"it lacks config.json, tokenizer_config.json, \*.safetensors"):
        checked(tmp_path)
    for name in ("config.json", "tokenizer_config.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    assert resolve(str(tmp_path)) == tmp_path
