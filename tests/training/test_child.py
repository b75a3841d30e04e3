"""A training subprocess: what it says is heard, what it does not say ends it, and it never outlives its owner."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noria.errors import RunError
from noria.training.child import follow
from noria.training.sft_job import Step
from noria.waiting import watched

STEP = 'print(\'{"step": 1, "steps": 3, "loss": 1.0, "tokens": 5, "seconds": 0.1}\', flush=True)\n'


async def ran(code: str, silence: float = 20.0) -> list[Step]:
    steps: list[Step] = []
    await follow([sys.executable, "-c", code], "The training of x", threads=1, silence=silence, on_step=steps.append)
    return steps


async def test_steps_are_heard_among_what_libraries_print() -> None:
    steps = await ran(f"print('loading')\n{STEP}import sys; sys.stdout.write('x' * 300_000 + chr(10))\n{STEP}")
    assert [step.step for step in steps] == [1, 1]


async def test_a_launcher_that_started_us_is_nothing_to_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    steps = await ran(f"import os\nif not {{'RANK', 'WORLD_SIZE'}} & set(os.environ):\n    {STEP}")
    assert len(steps) == 1


async def test_what_went_wrong_first_is_told_and_not_what_a_launcher_says_of_it() -> None:
    code = (
        "import sys\nprint('noria-training: process 2 of 2: no row fits', file=sys.stderr)\n"
        "print('noria-training: process 1 of 2: connection closed', file=sys.stderr)\n"
        "for at in range(40): print('traceback', at, file=sys.stderr)\nprint('=' * 60, file=sys.stderr)\nsys.exit(1)"
    )
    with pytest.raises(RunError, match=r"failed with status 1: process 2 of 2: no row fits"):
        await ran(code)
    with pytest.raises(RunError, match=r"failed with status 1: traceback : Signal 9"):
        await ran("import sys\nprint('traceback : Signal 9\\n====', file=sys.stderr)\nsys.exit(1)")


async def test_a_child_that_falls_silent_is_ended_with_its_last_words() -> None:
    code = (
        f"import sys, time\n{STEP}print('noria-training: reading rows', file=sys.stderr, flush=True)\ntime.sleep(600)"
    )
    with pytest.raises(RunError, match=r"said nothing for 1 s and was ended; before that: reading rows.*noria resume"):
        await asyncio.wait_for(ran(code, silence=1.0), 30)


async def test_of_a_bar_that_is_drawn_again_and_again_only_the_last_drawing_is_told() -> None:
    code = "import sys; sys.stderr.write('rows: 0%\\rrows: 50%\\rrows: 100%\\n'); sys.exit(3)"
    with pytest.raises(RunError, match=r"failed with status 3: rows: 100%"):
        await ran(code)


async def test_a_child_that_is_stopped_where_it_stands_is_ended_too() -> None:
    with pytest.raises(RunError, match="said nothing"):
        await asyncio.wait_for(ran("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", silence=1.0), 30)


async def test_a_grandchild_that_keeps_the_pipes_open_is_not_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(child.pid))"
    )
    await asyncio.wait_for(ran(code), 30)
    assert gone(int(mark.read_text()))


async def test_the_watch_knows_the_step_and_when_it_will_give_up() -> None:
    said: list[str] = []
    code = f"import time\n{STEP}time.sleep(600)"
    async with watched(said.append, quiet=0.3):
        with pytest.raises(RunError):
            await ran(code, silence=2.0)
    assert any("the training of x (pid" in line and "step 1 of 3" in line and "given up in" in line for line in said)


def test_a_child_ends_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = (
        "import os, pathlib, time; from noria.training.tether import tether; tether(); "
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    owner = (
        "import asyncio, sys; from noria.training.child import follow; "
        f"asyncio.run(follow([sys.executable, '-c', {child!r}], 'The training', threads=1, silence=60))"
    )
    process = subprocess.Popen([sys.executable, "-c", owner])
    until = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert gone(int(mark.read_text()))


def gone(pid: int) -> bool:
    """Whether a process ends within a while."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
