"""Weights on disk: whole or not there, known by their checksums, and never a pickle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noria.errors import ModelError, SessionError
from noria.training.models import weights_id
from noria.training.publish import MANIFEST, aside, damage, made, manifest, publish, sweep
from noria.training.standing import must_stand
from noria.training.trainer import pretended
from noria.types import Policy
from tests import build


def published(out: Path, text: str = "weights", made_by: str = "job-1") -> Path:
    place = aside(out)
    (place / "adapter_model.safetensors").write_bytes(pretended(text))
    (place / "adapter_config.json").write_text("{}")
    publish(place, out, kind="adapter", made_by=made_by, base="policy-base")
    return out


def student(out: Path) -> Policy:
    return build.policy("student-r0001", id=weights_id(out), adapter=str(out), student=True)


def test_what_is_published_says_what_it_is_and_stands(tmp_path: Path) -> None:
    out = published(tmp_path / "adapter")
    found = manifest(out)
    assert found is not None
    assert (found.kind, found.made_by, found.base) == ("adapter", "job-1", "policy-base")
    assert set(found.files) == {"adapter_model.safetensors", "adapter_config.json"}
    assert made(out, "job-1") == found
    assert made(out, "job-2") is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["adapter"]
    must_stand(student(out))


def test_a_newer_one_takes_the_place_of_an_older(tmp_path: Path) -> None:
    published(tmp_path / "adapter")
    out = published(tmp_path / "adapter", "other weights", "job-2")
    assert made(out, "job-2") is not None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["adapter"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda out: (out / "adapter_config.json").unlink(), "adapter_config.json is missing"),
        (lambda out: (out / "adapter_model.safetensors").write_bytes(b"cut"), "holds 3 bytes and not"),
        (lambda out: (out / "adapter_model.safetensors").write_bytes(pretended("weighst")), "is not what was written"),
        (lambda out: (out / "more.safetensors").write_bytes(b""), "more.safetensors was added"),
    ],
)
def test_damage_is_named(tmp_path: Path, harm: "object", said: str) -> None:
    out = published(tmp_path / "adapter")
    policy = student(out)
    harm(out)  # type: ignore[operator]
    found = manifest(out)
    assert found is not None
    assert said in damage(out, found)
    assert made(out, "job-1") is None
    with pytest.raises(ModelError, match=r"The adapter of 'student-r0001' in '.*adapter' is damaged: .*noria rollback"):
        must_stand(policy)


def test_an_adapter_that_was_exchanged_with_its_manifest_is_another_policys(tmp_path: Path) -> None:
    out = published(tmp_path / "adapter")
    policy = student(out)
    published(tmp_path / "adapter", "other weights")
    with pytest.raises(ModelError, match="its weights are another policy's"):
        must_stand(policy)


def test_an_adapter_without_a_manifest_is_known_by_its_weights(tmp_path: Path) -> None:
    out = published(tmp_path / "adapter")
    policy = student(out)
    (out / MANIFEST).unlink()
    must_stand(policy)
    (out / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match="it holds no safetensors"):
        must_stand(policy)


@pytest.mark.parametrize("name", ["adapter_model.bin", "training_args.bin", "optimizer.pt", "deep/er/x.PKL"])
def test_a_file_that_may_run_code_is_neither_published_nor_served(tmp_path: Path, name: str) -> None:
    out = published(tmp_path / "adapter")
    policy = student(out)
    for folder in (out, aside(tmp_path / "next")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"pickle")
    with pytest.raises(ModelError, match=f"{name}.* may run code when it is loaded"):
        must_stand(policy)
    with pytest.raises(ModelError, match="safetensors only"):
        publish(tmp_path / "next.tmp", tmp_path / "next", kind="adapter", made_by="job-1", base="policy-base")
    assert not (tmp_path / "next").exists()


def test_a_missing_folder_is_named_with_its_policy_and_the_mend(tmp_path: Path) -> None:
    out = published(tmp_path / "adapter")
    policy = student(out)
    out.rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"The adapter of 'student-r0001' is gone: .*Put the folder back from a copy"):
        must_stand(policy)


def test_an_unwritable_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "students").write_text("a file")
    with pytest.raises(SessionError, match="cannot be used"):
        aside(tmp_path / "students" / "student-r0001" / "adapter")


KILLED = """
import sys
from pathlib import Path
from noria.training.publish import aside, publish
from noria.training.trainer import pretended
out = Path(sys.argv[1])
for number in range(100_000):
    place = aside(out)
    for name in range(4):
        (place / f"{name}.safetensors").write_bytes(pretended(f"{number} {name}") + bytes(200_000))
    publish(place, out, kind="adapter", made_by="job", base="policy-base")
    print(number, flush=True)
"""


def test_a_publisher_that_is_killed_leaves_a_whole_folder_or_none(tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    whole = 0
    for number in range(8):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(out)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.004 * number)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if out.exists():
            found = manifest(out)
            assert found is not None
            assert damage(out, found) == ""
            whole += 1
        sweep(out)
        assert {one.name for one in tmp_path.iterdir()} <= {"adapter"}
    assert whole > 0
