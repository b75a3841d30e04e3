"""What bad input gets: a sentence with the name, the place and the mend; never a traceback, never a partial write."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.inference.fake_server import FakeServer
from noria.memory.ledger import FILE, Ledger
from tests.cli.shell import config, refused, right

HEAD = "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\n"


def endpoint(url: str) -> dict[str, object]:
    seats = dict.fromkeys(("generator", "critic", "adversary", "judge", "solver"), "big")
    return {"endpoints": {"big": {"url": url, "model": "base"}}, "seats": seats}


def test_an_unknown_key(tmp_path: Path) -> None:
    sentence = refused("run", "--config", config(tmp_path, sesion="x"))
    assert "unknown key `sesion`; did you mean `session`?" in sentence
    assert not (tmp_path / "session").exists()


def test_a_missing_config_and_a_missing_session(tmp_path: Path) -> None:
    assert "noria init" in refused("run", "--config", tmp_path / "none.yaml")
    assert "none" in refused("status", tmp_path / "none")
    assert "none" in refused("resume", tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("student", ["no/such/model/folder", "./none"])
def test_a_missing_model(tmp_path: Path, student: str) -> None:
    sentence = refused("run", "--config", config(tmp_path, student=student))
    assert f"There is no model folder {student!r}" in sentence
    assert not (tmp_path / "session" / FILE).exists()


def test_a_student_folder_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    sentence = refused("run", "--config", config(tmp_path, student=str(tmp_path / "model")))
    assert "is no model: it lacks tokenizer_config.json, *.safetensors" in sentence


def test_an_endpoint_that_is_away(tmp_path: Path) -> None:
    sentence = refused("run", "--config", config(tmp_path, **endpoint("http://127.0.0.1:9/v1")))
    assert "http://127.0.0.1:9/v1 cannot serve 'base': reach: it does not answer" in sentence


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"schemas": False}, "JSON schema: it is ignored"),
        ({"key": "x"}, "refuses the key"),
        ({"models": ("b",)}, "but b"),
    ],
)
async def test_an_endpoint_that_lacks_what_a_seat_needs(tmp_path: Path, lacks: dict[str, object], said: str) -> None:
    async with FakeServer(**lacks) as server:  # type: ignore[arg-type]
        path = config(tmp_path, **endpoint(server.url))
        sentence = await asyncio.to_thread(refused, "run", "--config", path)
    assert said in sentence
    assert server.url in sentence


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("solver", "", "is empty"),
        ("judge", "no front matter", "front matter"),
        ("critic", HEAD.replace("solver", "critic") + "user:\n{{ instructoin }}\n", "instructoin"),
        ("solver", HEAD + "user:\n{{ instruction \n", "solver.md:7"),
    ],
)  # fmt: skip
def test_a_template_that_is_wrong(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / f"{name}.md").write_text(text)
    sentence = refused("run", "--dry-run", "--config", config(tmp_path, prompts="prompts"))
    assert said in sentence
    assert f"{name}.md" in sentence
    assert not (tmp_path / "session" / FILE).exists()


def test_an_unknown_domain_and_a_malformed_seed(tmp_path: Path) -> None:
    assert "Did you mean 'units'" in refused("run", "--dry-run", "--config", config(tmp_path, domains={"unit": [1]}))
    (tmp_path / "rows.jsonl").write_text("{\n")
    path = config(tmp_path, seeds={"rows": "rows.jsonl"})
    assert "rows.jsonl:1" in refused("run", "--dry-run", "--config", path)
    assert not (tmp_path / "session" / FILE).exists()


def test_a_sandbox_below_the_minimum(tmp_path: Path) -> None:
    path = config(tmp_path, domains={"code": [1]}, sandbox={"minimum": "bwrap"})
    sentence = refused("run", "--dry-run", "--config", path, PATH="/nowhere")
    assert "No sandbox of at least 'bwrap' works here" in sentence
    assert "apt-get install bubblewrap" in sentence
    assert not (tmp_path / "session" / FILE).exists()


def test_a_session_in_use(tmp_path: Path) -> None:
    path = config(tmp_path)
    right("run", "--dry-run", "--config", path)
    held = Ledger(tmp_path / "session", write=True)
    sentence = refused("memory", "rebuild", tmp_path / "session")
    held.close()
    assert f"in use by the process {os.getpid()}" in sentence


def test_a_corrupt_ledger(tmp_path: Path) -> None:
    right("run", "--dry-run", "--config", config(tmp_path))
    ledger = tmp_path / "session" / FILE
    ledger.write_bytes(b"no ledger " * 3000)
    for command in ("status", "resume", "accepted"):
        sentence = refused(command, tmp_path / "session")
        assert str(ledger) in sentence
        assert "corrupt" in sentence
    assert ledger.read_bytes() == b"no ledger " * 3000


def test_a_port_in_use(tmp_path: Path) -> None:
    pytest.importorskip("vllm", reason="without vLLM its absence is refused first")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refused("run", "--config", config(tmp_path, serve={"port": port}))
    assert f"Port {port} on 127.0.0.1 is in use" in sentence


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, where the system lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_loses_nothing_that_was_accepted(tmp_path: Path, small_disk: Path) -> None:
    path = config(tmp_path, session=str(small_disk / "session"), play={"episodes": 120, "attempts": 8, "batch": 20})
    sentence = refused("run", "--dry-run", "--config", path, status=1)
    assert "is full" in sentence or "cannot be written" in sentence
    assert "noria resume" in sentence
    before = right("accepted", small_disk / "session", "--jsonl").splitlines()
    # More room, and it goes on.
    roomy = tmp_path / "roomy"
    shutil.copytree(small_disk / "session", roomy)
    right("resume", roomy)
    after = right("accepted", roomy, "--jsonl").splitlines()
    assert set(before) <= set(after)
    assert len(after) == len(set(after)) > len(before)


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    sentence = refused("run", "--dry-run", "--config", config(tmp_path, session="file/session"))
    assert "file/session" in sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_export_to_a_full_disk(tmp_path: Path) -> None:
    right("run", "--dry-run", "--config", config(tmp_path, stop={"rounds": 1}))
    for words in (["accepted", "--jsonl"], ["status"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "noria", words[0], str(tmp_path / "session"), *words[1:]],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300,
            )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr == "noria: The output cannot be written: No space left on device.\n"
