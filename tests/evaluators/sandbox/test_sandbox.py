"""The contract of the sandbox, the same for each tier: what honest programs get, and what is told of the others."""

import asyncio
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.errors import SandboxError
from noria.evaluators.executed import Case, check_cases
from noria.evaluators.sandbox import tiers
from noria.evaluators.sandbox.inside import lock
from noria.evaluators.sandbox.job import Call, Job, Limits, exact, parse
from noria.evaluators.sandbox.runner import Sandbox
from noria.evaluators.sandbox.tiers import COMMANDS, INSIDE, STRENGTH, Found, choose, examine, find
from noria.evaluators.sandbox.worker import Worker
from tests.evaluators.sandbox.honest import HONEST

ECHO = "def f(*given):\n    return list(given)\n"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def opened(tier: tiers.Tier) -> Sandbox:
    found = find(tier)
    if not found.level:
        pytest.skip(f"{tier} does not work here: {found.said}")
    return Sandbox(found, workers=1)


@pytest.fixture(scope="module", params=STRENGTH)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    box = opened(request.param)
    yield box
    box.close()


@pytest.fixture(scope="module")
def both() -> Iterator[list[Sandbox]]:
    boxes = [opened(tier) for tier in STRENGTH]
    yield boxes
    for box in boxes:
        box.close()


def test_values_come_back_as_they_went_in(sandbox: Sandbox) -> None:
    @settings(max_examples=50, deadline=None)
    @given(values=st.lists(JSON, max_size=5))
    def same(values: list[Any]) -> None:
        ran = sandbox.run_now(Job(ECHO, (Call("f", tuple(values)),)))
        assert ran.status == "finished"
        assert ran.answers[0].value == exact(values)

    same()


def test_tiers_agree_on_honest_programs(both: list[Sandbox]) -> None:
    @settings(max_examples=60, deadline=None)
    @given(source=st.sampled_from(HONEST), numbers=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=4))
    def agree(source: str, numbers: list[int]) -> None:
        job = Job(source, tuple(Call("f", (number,)) for number in numbers))
        ran = [box.run_now(job) for box in both]
        assert ran[0].answers == ran[1].answers
        assert {one.status for one in ran} == {"finished"}

    agree()


@pytest.mark.parametrize("source", HONEST)
def test_an_honest_program_gives_here_what_it_gives_outside(source: str, sandbox: Sandbox) -> None:
    code = f"import json, sys\n{source}\nprint(json.dumps(f(12345), sort_keys=True, separators=(',', ':')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    answer = sandbox.run_now(Job(source, (Call("f", (12345,)),))).answers[0]
    if done.returncode:
        assert answer.value is None
        assert "ZeroDivisionError" in answer.fault or "set is not JSON" in answer.fault
    else:
        assert answer.value == done.stdout.strip()


def test_what_a_run_tells(sandbox: Sandbox) -> None:
    source = "print('hello')\ndef f(x):\n    return 1 // x\n"
    ran = sandbox.run_now(Job(source, (Call("f", (1,)), Call("f", (0,)), Call("g"))))
    assert ran.said == "hello\n"
    assert [one.value for one in ran.answers] == ["1", None, None]
    assert ran.answers[1].fault.startswith("ZeroDivisionError")
    assert ran.answers[2].fault == "NameError: there is no 'g'"
    assert ran.level == sandbox.found.level
    assert 0 < ran.seconds < 5


@pytest.mark.parametrize(
    ("source", "status", "why"),
    [
        ("def f(:", "broken", "SyntaxError"),
        ("1 / 0", "broken", "ZeroDivisionError"),
        ("import sqlite3", "broken", "No module named 'sqlite3'"),
        ("def f():\n    while True: pass", "timeout", "ran for 0.5 s"),
        ("def f():\n    while True: print('x' * 9999)", "flood", "more than it may"),
        ("import sys\ndef f(): sys.modules['lock'].libc.memset(0, 0, 9)", "killed", "the signal 11"),
        ("import os\ndef f(): os._exit(3)", "finished", "without an answer"),
        ("def f(): return bytearray(1 << 30)", "finished", "MemoryError"),
    ],
)
def test_how_a_run_ended_and_why(source: str, status: str, why: str, sandbox: Sandbox) -> None:
    ran = sandbox.run_now(Job(source, (Call("f"),), limits=Limits(seconds=0.5)))
    assert ran.status == status
    assert why in ran.why
    assert ran.answers[0].value is None


def test_a_program_that_hangs_in_one_call_answers_none(sandbox: Sandbox) -> None:
    source = "import time\ndef f(x):\n    if x == 2: time.sleep(60)\n    return x\n"
    ran = sandbox.run_now(Job(source, (Call("f", (1,)), Call("f", (2,))), limits=Limits(seconds=0.5)))
    assert [one.value for one in ran.answers] == [None, None]
    assert "ran for 0.5 s" in ran.why
    check = asyncio.run(check_cases(sandbox, source, "f", [Case((1,), 1), Case((2,), 2)], limits=Limits(seconds=0.5)))
    assert not check.passed


def test_right_answers_of_a_run_that_did_not_end_do_not_pass(sandbox: Sandbox) -> None:
    source = 'import os, time\ndef f(x):\n    os.write(3, b\'[0, "2", ""]\\n\')\n    time.sleep(60)\n'
    check = asyncio.run(check_cases(sandbox, source, "f", [Case((1,), 2)], limits=Limits(seconds=0.5)))
    assert not check.passed
    assert "did not end by itself: timeout" in check.evidence


def test_what_is_right_under_one_hash_seed_alone_is_refused(sandbox: Sandbox) -> None:
    lucky = next(
        one for one in map(str, range(100)) if _low_bit(sandbox, one, 0) == "0" and _low_bit(sandbox, one, 1) == "1"
    )
    source = f"def f(x):\n    return x + 1 if hash({lucky!r}) % 2 == 0 else x\n"
    check = asyncio.run(check_cases(sandbox, source, "f", [Case((1,), 2)]))
    assert not check.passed
    assert "found 1" in check.evidence


def _low_bit(sandbox: Sandbox, text: str, seed: int) -> str | None:
    return sandbox.run_now(Job(f"def f(): return hash({text!r}) % 2", (Call("f"),), seed=seed)).answers[0].value


@pytest.mark.parametrize("end", ["time.sleep(60)", "os._exit(1)", "sys.modules['lock'].libc.memset(0, 0, 9)", "pass"])
def test_what_one_job_leaves_in_the_pipes_does_not_reach_the_next(end: str, sandbox: Sandbox) -> None:
    write = 'import os, sys, time\nfor one in (1, 3):\n    os.write(one, b\'[0, "7", ""]\\n\' * 4000)\n'
    ran = sandbox.run_now(Job(write + end, (Call("f"),), limits=Limits(seconds=0.5)))
    assert ran.answers[0].value == "7"
    after = sandbox.run_now(Job("import math\n", (Call("f"),)))
    assert (after.said, after.answers[0].value, after.status) == ("", None, "finished")


def test_a_zygote_that_was_killed_is_started_again(sandbox: Sandbox) -> None:
    sandbox.run_now(Job(ECHO, (Call("f"),)))
    process = sandbox._all[0]._process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sandbox.run_now(Job(ECHO, (Call("f"),))).answers[0].value == "[]"


def test_a_sandbox_that_is_closed_leaves_nothing_behind() -> None:
    box = opened("landlock")
    box.run_now(Job(ECHO, (Call("f"),)))
    process = box._all[0]._process
    assert process is not None
    box.close()
    assert not Path(f"/proc/{process.pid}").exists()
    assert len(os.listdir("/proc/self/fd")) < 100


async def test_many_checks_at_once_come_back_each_with_its_own(both: list[Sandbox]) -> None:
    box = Sandbox(both[0].found, workers=3)
    ran = await asyncio.gather(*(box.run(Job(ECHO, (Call("f", (number,)),))) for number in range(60)))
    assert [one.answers[0].value for one in ran] == [f"[{number}]" for number in range(60)]
    assert len(box._all) <= 3
    box.close()


def test_descriptors_do_not_leak(sandbox: Sandbox) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    sandbox.run_now(Job(ECHO, (Call("f"),)))
    before = count()
    for _ in range(20):
        sandbox.run_now(Job(ECHO, (Call("f"),)))
        sandbox.run_now(Job("def f(): return 1 / 0", (Call("f"),)))
    assert count() == before


def test_a_supervisor_that_dies_takes_its_zygote_and_its_program_along(tmp_path: Path) -> None:
    code = (
        "import sys; from noria.evaluators.sandbox.tiers import COMMANDS, INSIDE; "
        "from noria.evaluators.sandbox.worker import Worker; from noria.evaluators.sandbox.job import *; "
        "w = Worker(COMMANDS['landlock'](INSIDE), 'landlock'); w.start(); print(w._process.pid, flush=True); "
        "w.run(Job('import time\\ndef f(): time.sleep(300)', (Call('f'),), limits=Limits(seconds=300)))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    zygote = int(process.stdout.readline())
    until = time.monotonic() + 10
    while not _children(zygote) and time.monotonic() < until:
        time.sleep(0.02)
    (program,) = _children(zygote)
    process.kill()
    process.communicate()
    while any(Path(f"/proc/{pid}").exists() for pid in (zygote, program)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{program}").exists()
    assert not Path(f"/proc/{zygote}").exists()


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


PYTHON = "/usr/bin/python3"


def _other_python() -> bool:
    if not Path(PYTHON).exists():
        return False
    code = "import sys; sys.exit(not sys.version_info >= (3, 11))"
    return subprocess.run([PYTHON, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become somebody else; everybody else is unprivileged already"
)
@pytest.mark.skipif(not _other_python(), reason="no system Python that an unprivileged user may start")
@pytest.mark.parametrize("tier", STRENGTH)
def test_it_holds_for_an_unprivileged_user_too(tier: tiers.Tier, tmp_path_factory: pytest.TempPathFactory) -> None:
    opened(tier).close()
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    try:
        package = Path(tiers.__file__).parents[3]
        for part in ("noria/__init__.py", "noria/errors.py", "noria/evaluators/__init__.py"):
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(package / part, folder / part)
        shutil.copytree(package / "noria/evaluators/sandbox", folder / "noria/evaluators/sandbox")
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        code = f"import os; from noria.evaluators.sandbox.tiers import find; print(os.geteuid(), find({tier!r}))"
        done = subprocess.run(
            ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", PYTHON, "-B", "-c", code],
            capture_output=True, text=True, cwd=folder, check=False,
        )  # fmt: skip
        assert done.stdout.startswith("12345 "), done.stderr
        assert "said='nothing got out'" in done.stdout
    finally:
        shutil.rmtree(folder)


def test_below_the_minimum_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    def look(tier: tiers.Tier) -> Found:
        return examine(tier, INSIDE)

    with pytest.raises(SandboxError, match=r"at least 'bwrap' works here.*not installed.*apt-get install bubblewrap"):
        choose("bwrap", look)
    assert choose("landlock", look).tier == "landlock"


def test_a_zygote_that_does_not_come_up_says_so() -> None:
    worker = Worker([sys.executable, "-c", "import sys; sys.exit('no such thing')"], "odd")
    with pytest.raises(SandboxError, match="The sandbox 'odd' does not start: no such thing"):
        worker.start()


def locked_by(folder: Path, body: str) -> Path:
    """The files of the other side, with another lock, and no filter of the zygote's that would hold without it."""
    inside = folder / "inside"
    shutil.copytree(INSIDE, inside)
    with (inside / "lock.py").open("a") as file:
        file.write(f"\ndef narrow():\n    pass\n\ndef lock(seconds, memory):\n    {body}\n")
    return inside


def test_a_tier_that_leaks_does_not_exist(tmp_path: Path) -> None:
    found = examine("landlock", locked_by(tmp_path, "pass"))
    assert not found.level
    assert "make a child" in found.said
    assert "look at a file" in found.said


def test_a_lock_that_fails_is_a_fault_of_the_sandbox(tmp_path: Path) -> None:
    worker = Worker(COMMANDS["landlock"](locked_by(tmp_path, "raise Fault('no filter')")), "landlock")
    with pytest.raises(SandboxError, match=r"could not be locked in.*no filter"):
        worker.run(Job(ECHO, (Call("f"),)))
    worker.close()


@pytest.mark.parametrize("rules", [lock.program(), lock.refusal()], ids=["zygote", "child"])
def test_a_filter_is_a_program_of_forward_jumps_that_ends_in_a_refusal(rules: list[lock.Rule]) -> None:
    assert len(rules) < 256
    for at, (code, yes, no, _) in enumerate(rules):
        if code & 0x07 == 0x05:
            assert at + 1 + max(yes, no) < len(rules)
    assert rules[-1] == (0x06, 0, 0, lock.ERRNO | lock.EPERM)
    assert not {"open", "openat", "socket", "clone", "execve", "kill", "ptrace", "ioctl"} & lock.ALLOWED.keys()
    assert not set(lock.SERVING.values()) & set(lock.ALLOWED.values())


def judged(call: int, *arguments: int) -> int:
    """What the two filters of a child make of a call together: the stricter of the two, as the kernel does it."""
    return min(
        (_judged(rules, call, arguments) for rules in (lock.program(), lock.refusal())),
        key=(lock.KILL, lock.ERRNO | lock.EPERM, lock.ERRNO | lock.ENOSYS, lock.ERRNO | lock.ENOTTY, lock.ALLOW).index,
    )


def _judged(rules: list[lock.Rule], call: int, arguments: tuple[int, ...]) -> int:
    seen = struct.pack("=iIQ6Q", call, lock.X86_64, 0, *(*arguments, *[0] * 6)[:6])
    at, held = 0, 0
    while True:
        code, yes, no, operand = rules[at]
        at += 1
        if code == lock.GIVE:
            return operand
        if code == lock.LOAD:
            (held,) = struct.unpack_from("=I", seen, operand)
        elif code == lock.AND:
            held &= operand
        else:
            at += yes if (held >= operand if code == lock.JUMP_AT_LEAST else held == operand) else no


def test_a_child_may_make_the_calls_that_are_named_and_no_other() -> None:
    conditional = {lock.MMAP, lock.MPROTECT, lock.FCNTL, lock.PRLIMIT}
    for call in set(range(600)) - conditional:
        assert (judged(call) == lock.ALLOW) == (call in lock.ALLOWED.values()), call
    for call in (lock.MMAP, lock.MPROTECT):
        assert judged(call, 0, 4096, 3) == lock.ALLOW
        assert judged(call, 0, 4096, 7) == lock.ERRNO | lock.EPERM
    assert {way for way in range(2000) if judged(lock.FCNTL, 3, way) == lock.ALLOW} == set(lock.FCNTL_ALLOWED)
    assert judged(lock.PRLIMIT, 0, 7, 0, 1) == lock.ALLOW
    for other in ((0, 7, 1), (0, 7, 1 << 32), (1, 7, 0), (1 << 32, 7, 0)):
        assert judged(lock.PRLIMIT, *other) == lock.ERRNO | lock.EPERM
    assert judged(lock.X32 + 1) == lock.KILL


@pytest.mark.parametrize("name", ["math", "decimal", "encodings.idna", "random", "threading", "uuid"])
def test_a_program_that_imports_finds_its_module_however_it_asks(name: str, sandbox: Sandbox) -> None:
    for source in (f"import {name}\ndef f(): return 1\n", f"def f():\n    __import__({name!r})\n    return 1\n"):
        assert sandbox.run_now(Job(source, (Call("f"),))).answers[0].value == "1"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-32", "latin-1", "ascii", "cp437", "idna", "punycode"])
def test_a_program_that_imports_nothing_has_codecs_and_names_of_characters(codec: str, sandbox: Sandbox) -> None:
    source = f"def f(x):\n    return x.encode({codec!r}).decode({codec!r}) + '\\N{{DIGIT ONE}}'\n"
    assert sandbox.run_now(Job(source, (Call("f", ("abc",)),))).answers[0].value == '"abc1"'


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "1e999", '{"a":1,"a":2}', "[" * 100_000, "", "{", "1 2"])
def test_what_is_no_plain_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@given(value=JSON)
def test_exact_json_is_one_text_a_value(value: Any) -> None:
    assert exact(parse(exact(value))) == exact(value)
    assert len({exact(1), exact(1.0), exact(True), exact("1")}) == 4


def test_a_level_names_all_that_holds() -> None:
    assert isinstance(find("landlock"), Found)
    if (found := find("bwrap")).level:
        assert found.level == f"bwrap+{find('landlock').level}"
