"""A player: it plays hands by the graph of the episode, and asks the session's process for what is the session's.

    House ─► context of stand-ins ─► hand ─► the episode's graph ─► settled ─► next

It runs in a process of its own, and plays as many hands at once as it is dealt. Checks run
here, in a sandbox of this machine; endpoints are called from here, where they can be reached.
"""

import asyncio
import os
import platform
import time
from typing import Any

import noria
from noria.agents.base import Desk, Sheet
from noria.errors import ConfigError
from noria.evaluators.registry import domains
from noria.evaluators.sandbox.runner import Chosen
from noria.evaluators.sandbox.tiers import choose
from noria.graphs.adding import playing
from noria.graphs.afar.house import Hand, House, Standing
from noria.graphs.afar.line import Line
from noria.graphs.afar.notebook import Notebook
from noria.graphs.afar.standins import Caller, Dealer, Nobody, Shelf
from noria.graphs.context import Context
from noria.graphs.hygiene import Hygiene
from noria.graphs.playing import through
from noria.graphs.serving import calling
from noria.graphs.steering.batches import dressed
from noria.inference.fleet import Fleet
from noria.inference.limiter import Limiter
from noria.inference.pool import Pool
from noria.prompts import Templates
from noria.tracing import traceparent
from noria.types import TurnKey

WORKERS = 2
"""Programs that one player runs at once: there is a player a core."""


class Player:
    """Plays hands that another process deals; its line is carried by whoever started it."""

    def __init__(self, house: House, *, near: bool) -> None:
        """Begin with what a session is; `near`: on the machine of the session's process, whose loopback it shares."""
        self.house = house
        self.near = near
        self.line = Line(self._serve)
        self._notebook = Notebook(self.line)
        self._runner = Chosen(house.config.sandbox.minimum, WORKERS)
        self._pool = Pool()
        self._texts: dict[str, str] = {}
        self._dressed: dict[tuple[str, ...], Templates] = {}
        self._context: Context | None = None

    async def open(self) -> str:
        """Make ready to play; returns where it is, for people.

        Raises:
            NoriaError: this machine lacks something that the session needs; the sentence names both.
        """
        house, here = self.house, f"{platform.node()} (pid {os.getpid()})"
        if house.version != noria.__version__:
            raise ConfigError(
                f"{here} has Noria {noria.__version__}, the session's process {house.version}.",
                mend="Install the same version on every machine of the cluster.",
            )
        config = house.config
        if lacking := [name for name in house.keys if not os.environ.get(name)]:
            raise ConfigError(
                f"{here} has no {lacking[0]} in its environment, which the session's process has.",
                mend="Set it where Ray is started on that machine: keys are never sent.",
            )
        known, left_out = domains(dict(config.domains), config.domain_files, house.passages)
        if lacking := [name for name in house.domains if name not in known]:
            raise ConfigError(
                f"{here} has no domain {lacking[0]!r}: {' '.join(left_out)}",
                mend="Files that `domain_files` names must be on every machine, under the same path.",
            )
        if any(kind.at(level).executes for name, kind in known.items() for level in config.domains[name]):
            await asyncio.to_thread(choose, config.sandbox.minimum)
        limiter, notebook, shelf = Limiter(house.share), self._notebook, Shelf(house.passages)
        for door in house.doors:
            if door.far or self.near:
                key = os.environ.get(door.key_env, "") or "none"
                client = calling(door.urls, key, door.model, door.root, limiter, config.play.deadline)
                self._pool.serve(door.policy, client)
        desk = Desk(
            Caller(self.line, self._pool), notebook, Templates(), self._served_as, self._runner,
            lambda policy: notebook.standing.instead.get(policy, policy), time.time, self._traced,
        )  # fmt: skip
        self._context = Context(
            config, known, notebook, shelf, desk, Fleet(Nobody(), limiter), Nobody(),
            Hygiene(config, known, lambda texts: shelf.embedder.embed(texts), list(house.benchmarks)),
            remote=dict(house.remote), tell=lambda event, facts: self.line.tell("told", event, facts),
            hands=Dealer(self.line), episode=playing(config.methods, config.arm),
        )  # fmt: skip
        return here

    async def _serve(self, what: str, *given: Any) -> Any:
        match what:
            case "play":
                return await self._play(*given)
            case "run":
                return await self._runner.run(*given)
            case "standing":
                return self._stand(*given)
            case _:
                return self._notebook.held(*given)

    async def _play(self, hand: Hand) -> None:
        context, key = self._context, hand.dealt.episode
        assert context is not None, "a player that was not opened was dealt a hand"
        context.desk.sheets[key] = Sheet(self._templates(hand), hand.notes)
        self._notebook.begin(key, hand.turns)
        try:
            await through(context, hand.dealt)
        finally:
            del context.desk.sheets[key]
            self._notebook.end(key)

    def _templates(self, hand: Hand) -> Templates:
        """The templates of a hand, made once for all that are played by the same."""
        self._texts.update(hand.texts)
        versions = tuple(sorted(hand.templates.values()))
        if versions not in self._dressed:
            assert self._context is not None
            self._dressed[versions] = dressed(self._context.desk.templates, hand.templates, self._texts)
        return self._dressed[versions]

    def _stand(self, standing: Standing) -> None:
        assert self._context is not None
        self._notebook.standing = standing
        self._context.lineage = set(standing.lineage)

    def _served_as(self, policy: str) -> str:
        return self._notebook.standing.served.get(policy, "") or self._nobody(policy)

    def _nobody(self, policy: str) -> str:
        assert self._context is not None
        return self._context.fleet.served_as(policy)  # which refuses, in the words of every session

    def _traced(self, key: TurnKey) -> str:
        return traceparent(self.house.session, key) if self.house.session else ""
