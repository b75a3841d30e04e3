"""Training by several processes: how they are started, what is each one's share, and what they leave."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.numpy import load_file

from noria.errors import RunError
from noria.training.child import follow
from noria.training.launch import finished
from noria.training.ranks import first, share, threads
from noria.training.rows import Row, write_rows
from noria.training.sft_job import Job, Step
from noria.training.spread import Gpus, spread
from noria.types import Message

SFT = "noria.training.sft"


def base(folder: Path, size: int = 1000) -> Path:
    (folder / "model.safetensors").write_bytes(bytes(size))
    return folder


@pytest.mark.parametrize(
    ("asked", "gpus", "program", "config"),
    [
        ("auto", Gpus(0), SFT, ""),
        ("fsdp", Gpus(1, 100), SFT, ""),
        ("auto", Gpus(2, 80_000), SFT, "ddp.yaml"),
        ("auto", Gpus(8, 1_100), SFT, "fsdp.yaml"),
        ("auto", Gpus(8, 0), SFT, "ddp.yaml"),  # nobody says what a GPU holds
        ("ddp", Gpus(8, 1_100), SFT, "ddp.yaml"),
        ("fsdp", Gpus(2, 80_000), SFT, "fsdp.yaml"),
        ("fsdp", Gpus(2, 80_000), "noria.training.prefer", "ddp.yaml"),  # a second adapter is not split
    ],
)
def test_several_gpus_are_used_by_a_config_of_the_package(
    tmp_path: Path, asked: Any, gpus: Gpus, program: str, config: str
) -> None:
    way = spread(asked, program, base(tmp_path), gpus)
    assert way.command[0] == sys.executable
    assert way.ranks == max(1, gpus.count)
    if not config:
        assert way.command[1:] == []
        return
    path = Path(way.command[way.command.index("--config_file") + 1])
    assert path.name == config
    assert yaml.safe_load(path.read_text())["distributed_type"] == ("FSDP" if "fsdp" in config else "MULTI_GPU")
    assert way.command[way.command.index("--num_processes") + 1] == str(gpus.count)


def test_a_step_reads_as_many_rows_however_many_processes_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (share(8), threads(4), first()) == (8, 4, True)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert (share(8), threads(4), threads(2), first()) == (2, 1, 1, False)
    assert share(9) == 3  # a few more, never fewer


def rows() -> list[Row]:
    return [
        Row(
            prompt=(Message(role="user", content=f"What is {a} plus {b}"),), completion=str(a + b),
            source="program", sample=f"sample-{a}-{b}",
        )
        for a in range(4) for b in range(4)
    ]  # fmt: skip


def job(folder: Path, name: str) -> Job:
    made = Job(
        base=str(folder / "base"), base_id="policy-base", rows=str(folder / "rows.jsonl"),
        out=str(folder / name), rank=2, learning_rate=2e-2, epochs=1, batch=4, max_tokens=100_000, max_row_tokens=64,
        seed=0, threads=2, interpolation=0.5,
    )  # fmt: skip
    (folder / f"{name}-job.json").write_text(made.model_dump_json())
    return made


def test_two_processes_train_one_adapter_in_copies_and_in_parts_and_none_where_one_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "rows.jsonl", rows())
    copies, parts, dying = (job(tmp_path, name) for name in ("copies", "parts", "dying"))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")  # and so over gloo
    pair = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    steps: list[Step] = []
    with pytest.raises(RunError, match=r"The training of a pair failed with status 1: .*(SIGKILL|process 1 of 2)"):
        asyncio.run(
            follow(
                [*pair, "-m", "tests.training.pair", str(tmp_path)], "The training of a pair",
                threads=1, silence=600, on_step=steps.append,
            )
        )  # fmt: skip
    # Sixteen rows by four: each process read half of every step, and one of them told it.
    assert [one.step for one in steps[:8]] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert {one.steps for one in steps} == {4}
    for one in (copies, parts):
        report = finished(Path(one.out), one)
        assert report is not None
        assert (report["processes"], report["rows"], len(report["losses"])) == (2, 16, 4)
        assert report["loss_last"] < report["loss_first"]
        found, alone = (
            load_file(folder / "adapter_model.safetensors") for folder in (Path(one.out), tmp_path / "alone")
        )
        assert {name: part.shape for name, part in found.items()} == {name: part.shape for name, part in alone.items()}
        assert all(part.any() for part in found.values())
        config = json.loads((Path(one.out) / "adapter_config.json").read_text())
        assert config["r"] == 2
    # The same rows in the same order: how the model lies in memory changes rounding and no more.
    one, two = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("copies", "parts"))
    assert all(abs(part - two[name]).max() < 1e-3 for name, part in one.items())
    assert finished(Path(dying.out), dying) is None
    assert not Path(dying.out).exists()
