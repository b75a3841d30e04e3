"""The sandbox as a session uses it: a few workers of one tier, started when first needed.

    check ─► await run(job) ─► a thread ─► an idle worker of the job's hash seed, furnished if it imports ─► Ran

A worker whose zygote died (the kernel was short of memory) is started again and the job is
run once more; twice in a row is a fault of the sandbox, not of the program.
"""

import asyncio
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from noria.errors import SandboxError
from noria.evaluators.sandbox.job import Job, Ran
from noria.evaluators.sandbox.tiers import COMMANDS, INSIDE, Found, Tier, choose
from noria.evaluators.sandbox.worker import GRACE, START, Worker
from noria.waiting import waiting


class Runner(Protocol):
    """Runs programs that nobody trusts."""

    async def run(self, job: Job) -> Ran:
        """Run one job.

        Raises:
            SandboxError: nothing can be run here, or not isolated enough.
        """
        ...


class Sandbox:
    """Workers of one tier, as many as there are cores."""

    def __init__(self, found: Found, workers: int = 0) -> None:
        """Use a tier that was found to work; with 0 workers, one a core."""
        self.found = found
        self._workers = workers or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="sandbox")
        self._asked = 0
        self._idle: dict[tuple[int, bool], list[Worker]] = defaultdict(list)
        self._all: list[Worker] = []

    async def run(self, job: Job) -> Ran:
        """Run one job (see `Runner.run`)."""
        # A broken worker's job runs twice, and those ahead of it may be as slow.
        patience = 2 * (START + GRACE + job.limits.seconds) * (1 + self._asked // self._workers)
        self._asked += 1
        try:
            with waiting("a program in the sandbox", patience):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self.run_now, job)
        finally:
            self._asked -= 1

    def run_now(self, job: Job) -> Ran:
        """`run` for callers that may wait."""
        kind = (job.seed, job.imports)
        worker = self._taken(*kind)
        try:
            try:
                return worker.run(job)
            except SandboxError:
                return worker.run(job)
        finally:
            self._idle[kind].append(worker)

    def _taken(self, seed: int, furnished: bool) -> Worker:
        # Lists give and take whole, whatever thread asks.
        try:
            return self._idle[seed, furnished].pop()
        except IndexError:
            command = COMMANDS[self.found.tier](INSIDE)
            worker = Worker(command, self.found.level, seed=seed, furnished=furnished)
            self._all.append(worker)
            return worker

    def close(self) -> None:
        """End every worker."""
        self._threads.shutdown()
        for worker in self._all:
            worker.close()


class Chosen:
    """A runner that looks for a tier when the first program is to run, so that a session without any needs none."""

    def __init__(self, minimum: Tier, workers: int = 0) -> None:
        """Use the strongest tier that works, and none below `minimum`; with 0 workers, one a core."""
        self.minimum = minimum
        self.workers = workers
        self._sandbox: Sandbox | None = None

    async def run(self, job: Job) -> Ran:
        """Run one job (see `Runner.run`)."""
        if self._sandbox is None:
            self._sandbox = Sandbox(await asyncio.to_thread(choose, self.minimum), self.workers)
        return await self._sandbox.run(job)

    def close(self) -> None:
        """End what was started."""
        if self._sandbox is not None:
            self._sandbox.close()
