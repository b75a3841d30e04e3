"""Launchers: who brings the session's own policies up.

VllmLauncher   a vLLM for the base, or several; students as adapters in them, or merged in servers of their own
OneClient      the same client for every policy: scripts, fakes, dry runs
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from noria.config import Serve
from noria.errors import EndpointError
from noria.inference import adapters, cpu_adapters
from noria.inference.client import Client
from noria.inference.congestion import Congestion
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.replicas import Replica
from noria.inference.share import CORES, Threads, bound, shares
from noria.inference.vllm_server import Launch, VllmServer, on_cpu
from noria.types import Policy

ADAPTERS = 3
"""Adapters a server holds at once: the parent, the student, and one to roll back to."""

SPARE = 0.5
"""Share of the memory that must be free for an idle server to be kept: training and the next student's need theirs."""


class VllmLauncher:
    """Serves the session's policies with vLLM on this machine."""

    def __init__(
        self,
        folder: Path,
        rules: Serve,
        limiter: Limiter,
        *,
        dtype: str,
        rank: int,
        deadline: float,
        environment: dict[str, str],
        command: tuple[str, ...] = (),
        threads: Threads = "all",
        progress: Callable[[str, float, str], None] = lambda name, seconds, line: None,
    ) -> None:
        """Keep logs and owner records in `folder`; `environment` is added to each server's.

        `command` is started instead of the installed vLLM, with the same arguments; `threads` is how the servers
        share a CPU where each policy has one.
        """
        self.folder = folder
        self.rules = rules
        self.limiter = limiter
        self.dtype = dtype
        self.rank = rank
        self.deadline = deadline
        self.environment = environment
        self.command = command
        self.threads = threads
        self.progress = progress
        self._halves: dict[str, int] = {}
        """Which half of the cores a policy's server has."""
        self._servers: dict[str, list[VllmServer]] = {}
        self._clients: dict[str, OpenAIClient] = {}
        self._adapters: dict[str, OpenAIClient] = {}
        """Policies that are adapters, with the client of the servers that have them."""

    @property
    def merged(self) -> bool:
        """Whether students are served merged, in servers of their own."""
        return merges(self.rules)

    async def launch(self, policy: Policy) -> Client:
        """Bring a policy up (see `Launcher.launch`)."""
        if self._hosted(policy):
            host = next(iter(self._clients.values()), None)
            if host is None:
                raise EndpointError(f"No server is up to load the adapter of {policy.name!r} into.")
            await adapters.add(host.replicas, policy.name, policy.adapter)
            self._adapters[policy.id] = host
            return host
        parts = self._parts(policy)
        servers = [self._server(policy, number, part) for number, part in enumerate(parts, 1)]
        try:
            async with asyncio.TaskGroup() as starting:
                for server in servers:
                    starting.create_task(server.start(partial(self.progress, server.launch.stem)))
        except BaseException as fault:  # an interrupt, too, must leave no server behind
            for server in servers:
                await server.stop()
            self._halves.pop(policy.id, None)
            if isinstance(fault, BaseExceptionGroup):
                raise _first(fault) from fault
            raise
        self._servers[policy.id] = servers
        self._clients[policy.id] = self._client(servers, policy)
        return self._clients[policy.id]

    def _hosted(self, policy: Policy) -> bool:
        """Whether a policy is an adapter in the server of its base; what was merged once is served so."""
        return bool(policy.adapter) and not (self.merged or policy.folder)

    def _parts(self, policy: Policy) -> list[dict[str, str]]:
        """The part of the machine that each server of a policy has."""
        # Whoever binds threads by hand, in the environment, knows why.
        if self.rules.replicas > 1 or not on_cpu() or self.threads == "all" or CORES in os.environ:
            return shares(self.rules.replicas, cpu=on_cpu())
        taken = list(self._halves.values())
        self._halves[policy.id] = half = min((0, 1), key=taken.count)
        return [bound(self.threads, half)]

    def _server(self, policy: Policy, number: int, part: dict[str, str]) -> VllmServer:
        launch = Launch(
            name=policy.name,
            model=policy.folder,
            dtype=self.dtype,
            max_model_len=self.rules.max_model_len,
            kv_cache_gib=self.rules.kv_cache_gib,
            # Only the first server has the port that was asked for.
            port=0 if self._servers or number > 1 else self.rules.port,
            compile=self.rules.compile,
            adapters=0 if self.merged else ADAPTERS,
            max_rank=self.rank,
            arguments=self.rules.arguments,
            environment=self.environment | part,
            timeout=self.rules.start_timeout,
            command=self.command,
            replica=number,
        )
        return VllmServer(launch, self.folder)

    def _client(self, servers: list[VllmServer], policy: Policy) -> OpenAIClient:
        return OpenAIClient(
            servers[0].url, servers[0].key, limiter=self.limiter, deadline=self.deadline,
            # By itself the CPU backend of vLLM 0.32 dies of a prompt's logprobs through an adapter.
            scores=self.merged or not on_cpu() or cpu_adapters.plugged(),
            replicas=[
                Replica(one.url, one.key, Congestion(self.limiter.limit), partial(_gone, one)) for one in servers
            ],
            serves={policy.name: policy.folder},
        )  # fmt: skip

    async def retire(self, policy: Policy) -> None:
        """Take a policy down."""
        if (host := self._adapters.pop(policy.id, None)) is not None:
            await adapters.remove(host.replicas, policy.name)
        self._clients.pop(policy.id, None)
        self._halves.pop(policy.id, None)
        for server in self._servers.pop(policy.id, ()):
            await server.stop()

    def keeps(self, policy: Policy) -> bool:
        """An adapter, always; a server of its own, where it is wanted or half the memory is free."""
        if policy.id in self._adapters or self._hosted(policy):
            return True
        if self.rules.previous == "auto":
            return free_share() > SPARE
        return self.rules.previous == "keep"

    async def alive(self) -> str:
        """The last words of a policy's servers, where all of them are dead; empty else."""
        for servers in self._servers.values():
            if all(words := [_gone(one) for one in servers]):
                return words[0]
        return ""

    def rest(self, resting: bool) -> None:
        """Stop the servers where they stand while training has the cores; on a GPU they only idle."""
        if on_cpu():
            for server in self._all():
                server.rest(resting)

    async def close(self) -> None:
        """End every server."""
        for server in self._all():
            await server.stop()
        self._servers.clear()
        self._clients.clear()

    def _all(self) -> list[VllmServer]:
        return [one for servers in self._servers.values() for one in servers]


def _gone(server: VllmServer) -> str:
    """A server's last words where it is dead; empty while it lives."""
    if server.alive():
        return ""
    return f"the vLLM server for {server.launch.stem!r} died: {server.last_words()}"


def _first(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of several servers' faults."""
    fault = faults.exceptions[0]
    return _first(fault) if isinstance(fault, BaseExceptionGroup) else fault


def free_share() -> float:
    """The share of the machine's memory that nobody needs, 0 where the kernel does not say."""
    try:
        lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    except OSError:
        return 0.0
    found = {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1}
    return found.get("MemAvailable", 0) / max(1, found.get("MemTotal", 0))


def merges(rules: Serve) -> bool:
    """Whether students are served merged: on a CPU only if vLLM alone would have to work through their adapters."""
    return rules.student == "merged" or (rules.student == "auto" and on_cpu() and not cpu_adapters.plugged())


class OneClient:
    """A launcher that puts every policy behind one client."""

    def __init__(self, client: Client) -> None:
        """Use this client for all."""
        self.client = client

    async def launch(self, policy: Policy) -> Client:
        """The client."""
        return self.client

    async def retire(self, policy: Policy) -> None:
        """Nothing to take down."""

    def keeps(self, policy: Policy) -> bool:
        """Yes: it costs nothing."""
        return True

    async def alive(self) -> str:
        """Nothing can die here."""
        return ""

    def rest(self, resting: bool) -> None:
        """Nothing to rest."""

    async def close(self) -> None:
        """The client is closed by the pool."""
