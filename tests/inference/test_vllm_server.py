"""A server's life, with the fake server as the executable: no vLLM is needed to start, adopt, freeze and end one."""

import asyncio
import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from noria.errors import EndpointError
from noria.inference.listing import listed
from noria.inference.ports import GIVEN, HOST, LOWEST, free_port
from noria.inference.vllm_server import Launch, VllmServer

STAND_IN = """
    import argparse, asyncio, os, subprocess, sys
    from noria.inference.fake_server import FakeServer
    parser = argparse.ArgumentParser()
    for name in ("--port", "--served-model-name", "--model", "--host"):
        parser.add_argument(name)
    known, rest = parser.parse_known_args()
    print("loading the weights", flush=True)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    async def main():
        adapters = "--enable-lora" in rest
        names = (known.served_model_name,)
        async with FakeServer(names, key=os.environ["VLLM_API_KEY"], port=int(known.port), adapters=adapters):
            await asyncio.Event().wait()
    asyncio.run(main())
"""


def stand_in(folder: Path, code: str = STAND_IN) -> tuple[str, ...]:
    path = folder / "stand_in.py"
    path.write_text(textwrap.dedent(code))
    return sys.executable, str(path)


def launch(folder: Path, **changes: Any) -> Launch:
    base: dict[str, Any] = {
        "name": "base", "model": "m", "dtype": "float32", "max_model_len": 512, "kv_cache_gib": 1.0, "timeout": 30.0,
    }  # fmt: skip
    base["command"] = changes.get("command") or stand_in(folder)
    return Launch(**(base | changes))


def group(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


async def test_a_server_starts_answers_and_ends_with_all_it_started(tmp_path: Path) -> None:
    server = VllmServer(launch(tmp_path), tmp_path / "servers")
    await server.start()
    pid = server.pid
    assert server.alive()
    assert len(group(pid)) == 2
    assert (server.record.stat().st_mode & 0o777) == 0o600
    assert server.key not in Path(f"/proc/{pid}/cmdline").read_text()
    await server.stop()
    assert group(pid) == []
    assert not server.record.exists()


async def test_a_resumed_run_adopts_the_server_its_predecessor_left(tmp_path: Path) -> None:
    first = VllmServer(launch(tmp_path), tmp_path / "servers")
    await first.start()
    first.rest(True)  # its owner died while training had the cores
    second = VllmServer(launch(tmp_path), tmp_path / "servers")
    await second.start()
    assert (second.pid, second.port, second.key) == (first.pid, first.port, first.key)
    await second.stop()


async def test_a_server_that_is_not_what_is_wanted_now_is_ended(tmp_path: Path) -> None:
    first = VllmServer(launch(tmp_path), tmp_path / "servers")
    await first.start()
    old = first.pid
    second = VllmServer(launch(tmp_path, max_model_len=256), tmp_path / "servers")
    await second.start()
    assert second.pid != old
    assert group(old) == []
    await second.stop()


async def test_a_stranger_with_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    server = VllmServer(launch(tmp_path), tmp_path / "servers")
    server.record.parent.mkdir()
    server.record.write_text(json.dumps({"pid": os.getpid(), "born": "1", "line": "x", "port": 1, "key": "k"}))
    await server.start()
    assert server.pid != os.getpid()
    await server.stop()


async def test_last_words_are_in_the_sentence(tmp_path: Path) -> None:
    dying = stand_in(tmp_path, 'import sys; print("ValueError: no such model"); print("bye"); sys.exit(3)')
    server = VllmServer(launch(tmp_path, command=dying), tmp_path / "servers")
    with pytest.raises(EndpointError) as fault:
        await server.start()
    assert "ValueError: no such model" in str(fault.value)
    assert str(server.log) in str(fault.value)
    assert not server.record.exists()


async def test_a_silent_server_is_given_up_and_ended(tmp_path: Path) -> None:
    silent = stand_in(tmp_path, "import time; print('thinking', flush=True); time.sleep(600)")
    server = VllmServer(launch(tmp_path, command=silent, timeout=1.0), tmp_path / "servers")
    seen: list[tuple[float, str]] = []
    with pytest.raises(EndpointError, match="start_timeout"):
        await server.start(lambda seconds, line: seen.append((seconds, line)))
    assert seen
    assert server.pid == 0


async def test_a_port_in_use_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EndpointError, match=rf"Port {port} on 127.0.0.1 is in use.*serve.port"):
            await VllmServer(launch(tmp_path, port=port), tmp_path / "servers").start()
    assert free_port(port) == port


def test_a_free_port_is_none_that_somebody_who_connects_could_be_given() -> None:
    lowest = int(GIVEN.read_text().split()[0])
    found = {free_port() for _ in range(20)}
    assert all(LOWEST <= port < lowest for port in found)
    assert len(found) > 15


async def test_adapters_come_and_go_under_their_names(tmp_path: Path) -> None:
    server = VllmServer(launch(tmp_path, adapters=2), tmp_path / "servers")
    await server.start()
    await server.load_adapter("student-r0001", tmp_path)
    await server.load_adapter("student-r0001", tmp_path / "another")
    async with aiohttp.ClientSession() as session:
        found = await listed(session, server.url, server.key)
    assert found["student-r0001"] == str(tmp_path / "another")
    await server.unload_adapter("student-r0001")
    await server.unload_adapter("student-r0001")
    with pytest.raises(EndpointError, match="No adapter found"):
        await server.load_adapter("student-r0002", Path("/nowhere/x"))
    await server.stop()


async def test_a_server_without_adapter_support_says_so(tmp_path: Path) -> None:
    server = VllmServer(launch(tmp_path, adapters=0), tmp_path / "servers")
    await server.start()
    with pytest.raises(EndpointError, match="does not load_lora_adapter"):
        await server.load_adapter("student-r0001", tmp_path)
    await server.stop()


async def test_a_killed_server_is_noticed_with_its_orphans(tmp_path: Path) -> None:
    server = VllmServer(launch(tmp_path), tmp_path / "servers")
    await server.start()
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not server.alive())
    assert len(group(pid)) == 1
    await server.stop()
    assert group(pid) == []


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to hold")
