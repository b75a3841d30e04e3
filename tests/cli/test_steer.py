"""`noria steer`, `pause`, `go-on`, `waiting`, `approve`, `refuse`, as typed, on sessions of other processes."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from noria.graphs.steering import asking
from tests.cli.shell import config, load, refused, right
from tests.cli.test_signals import Running

SMALL: dict[str, Any] = {
    "judge": {"calibration": 2}, "verifiers": {"planted": 0}, "exam": {"items": 8}, "stop": {"rounds": 1},
}  # fmt: skip


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Running]:
    run = Running(folder, "noria", *words)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.tell(signal.SIGKILL)
            run.process.wait()


def ended(run: Running) -> str:
    assert run.process.wait(timeout=120) == 0, run.said.read_text()
    return run.said.read_text()


def stands_still(session: Path, what: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while (found := asking.waiting(session))["for"] != what or found["state"] != "waiting":
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def test_a_run_is_steered_paused_left_and_gone_on_with(tmp_path: Path) -> None:
    path = config(tmp_path, play={"episodes": 160, "batch": 4, "attempts": 2}, **SMALL)
    session = tmp_path / "session"
    with running(tmp_path, "run", "--dry-run", "-c", str(path)) as run:
        run.wait_for(lambda: run.count("SELECT count(*) FROM episodes"))
        assert "before the next batch" in right("pause", session)
        stands_still(session, "pause")
        assert "It stands still" in right("waiting", session)
        said = load(right("steer", session, "more sums, fewer apples", "--batches", "2", "--json"))
        assert said["live"]
        assert "for 2 batches" in said["said"]
        assert "2 batches left  more sums, fewer apples" in right("steer", session, "--list")
        assert "says one thing" in refused("steer", session)
        run.tell(signal.SIGINT)
        said = run.left()
        assert "stands still, its servers up: it is paused; `noria go-on" in said
        assert "interrupted: leaving now, for nothing is in hand" in said
    assert "it is paused, and `noria resume` lets it go on" in right("waiting", session)
    assert "Paused: `noria go-on` lets it go on" in right("status", session)
    with running(tmp_path, "resume", str(session)) as run:
        run.wait_for(lambda: "it was paused when its process ended, and goes on now" in run.said.read_text())
        right("pause", session)
        stands_still(session, "pause")
        assert "It goes on." in right("go-on", session)
        assert "rounds: 1 played" in ended(run)
    assert run.count("SELECT count(*) FROM batches WHERE body LIKE '%note-%'") == 2
    assert "is finished" in refused("steer", session, "too late")


def test_samples_wait_are_shown_and_ruled_on(tmp_path: Path) -> None:
    approve = {"samples": True, "students": True}
    path = config(tmp_path, play={"episodes": 8, "attempts": 2}, approve=approve, **SMALL)
    session = tmp_path / "session"
    with running(tmp_path, "run", "--dry-run", "-c", str(path)) as run:
        run.wait_for(lambda: "for a person's ruling; `noria waiting" in run.said.read_text())
        first = stands_still(session, "samples")["samples"][0]
        shown = right("waiting", session)
        assert f"{first['id']}  arithmetic L" in shown
        assert f"asks:    {first['instruction']}" in shown
        assert "--why TEXT" in refused("refuse", session, first["id"])
        assert "is refused: it is dull." in right("refuse", session, first["id"][:12], "--why", "it is dull")
        assert "approved" in right("approve", session, "--all")
        assert "Rulings of a person:" in ended(run)
    assert "Nothing waits for a ruling" in refused("approve", session, "--all")
    assert first["id"] not in right("accepted", session, "--jsonl")
