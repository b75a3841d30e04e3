"""A bare LangGraph: one graph run an episode, 64 of them at once, nothing kept.

    python bench/peers/with_langgraph.py --url URL --episodes 1024 [--warm 64] [--flight 64] [--nodes same|calls]

`same`: the nodes of Noria's own episode, with its agents, checks and client, played by the compiled graph under a
semaphore; nothing is written down and nothing is looked up but the turn that an episode itself made. The hands are
dealt before the clock starts, and the first of them warm the process. `calls`: four nodes that render a prompt of
`chain.json`, call through a bare aiohttp client and keep the reply; no check, no schema, no retry.

Prints one JSON line.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict
from with_aiohttp import CHAIN, Caller
from with_noria import session

from noria.cli.means import real
from noria.graphs.context import Context
from noria.graphs.novelty import Clerk
from noria.graphs.opening import Watch, opened
from noria.graphs.rounds import plan
from noria.memory.history import History
from noria.types import Dealt, Episode, Exam, Quarantine, Sample, Turn, TurnKey


class Forgetful(History):
    """What the nodes ask of a session, with nothing kept but what an episode said itself, until it ends."""

    def __init__(self, history: History) -> None:
        """Of everything before the episodes the empty session knows."""
        super().__init__(history.ledger)
        self.turns: dict[str, dict[str, Turn]] = {}
        self.calls = 0

    async def keep_turn(self, turn: Turn) -> None:
        """Hold it while the episode plays."""
        self.calls += 1
        self.turns.setdefault(turn.key.episode, {})[str(turn.key)] = turn

    def turn(self, key: TurnKey) -> Turn | None:
        """A turn of an episode that plays."""
        return self.turns.get(key.episode, {}).get(str(key))

    async def claim(self, dealt: Dealt, keys: Iterable[str]) -> None:
        """The clerk knows."""

    def claimants(self, keys: Iterable[str]) -> list[tuple[str, int, int, str | None]]:
        """Nobody before."""
        return []

    def quarantined(self) -> dict[str, Quarantine]:
        """Nobody."""
        return {}

    def exams(self) -> list[Exam]:
        """None were held."""
        return []

    async def settle(self, episode: Episode, samples: Iterable[Sample] = ()) -> None:
        """It is over."""
        self.turns.pop(episode.id, None)


class OneClerk(Clerk):
    """The clerk of all hands, whoever asks for one: there are no batches here."""

    def __call__(self, *_: object) -> "OneClerk":
        """Itself."""
        return self


async def at_once(flight: int, work: Iterable[Callable[[], Awaitable[Any]]]) -> None:
    """Do it all, so many at once."""
    places = asyncio.Semaphore(flight)

    async def one(do: Callable[[], Awaitable[Any]]) -> None:
        async with places:
            await do()

    async with asyncio.TaskGroup() as group:
        for do in work:
            group.create_task(one(do))


async def same(url: str, episodes: int, warm: int, flight: int, place: Path) -> dict[str, Any]:
    """Noria's nodes."""
    config = session(place / "session", url, warm + episodes, flight)
    async with opened(config, real(config, lambda *_: None), Watch()) as found:
        dealt = await plan(found, 1)
        history = Forgetful(found.history)
        context: Context = replace(found, history=history, desk=replace(found.desk, history=history))
        clerk = OneClerk(history, found.index, config.play.near_duplicate, dealt)
        hands: Any = context.hands
        hands.clerk = clerk

        async def play(hand: Dealt) -> None:
            try:
                await context.episode.ainvoke({"dealt": hand}, context=context)
            finally:
                clerk.let_pass(hand)

        await at_once(flight, [lambda hand=hand: play(hand) for hand in dealt[:warm]])
        history.calls = 0
        started, cpu = time.perf_counter(), time.process_time()
        await at_once(flight, [lambda hand=hand: play(hand) for hand in dealt[warm:]])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"episodes": episodes, "calls": history.calls, "seconds": seconds, "cpu": cpu}


class State(TypedDict, total=False):
    """What four plain nodes carry."""

    number: int
    task: str
    answer: str
    attack: str
    ruling: str


async def calls(url: str, episodes: int, warm: int, flight: int) -> dict[str, Any]:
    """Four calls, and nothing else."""
    async with Caller(url) as caller:

        def node(part: dict[str, str]) -> Callable[[State], Awaitable[dict[str, str]]]:
            async def ask(state: State) -> dict[str, str]:
                return {part["name"]: await caller.ask(part, dict(state))}

            return ask

        graph = StateGraph(State)
        names = [part["name"] for part in CHAIN]
        for part in CHAIN:
            graph.add_node(f"ask_{part['name']}", node(part))  # a node may not be called like a key of the state
        for one, two in zip([START, *names], [*names, END], strict=True):
            graph.add_edge(*(name if name in (START, END) else f"ask_{name}" for name in (one, two)))
        compiled = graph.compile()
        await at_once(flight, [lambda at=at: compiled.ainvoke({"number": at}) for at in range(warm)])
        caller.calls = 0
        started, cpu = time.perf_counter(), time.process_time()
        await at_once(flight, [lambda at=at: compiled.ainvoke({"number": at}) for at in range(episodes)])
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        return {"episodes": episodes, "calls": caller.calls, "seconds": seconds, "cpu": cpu}


def main() -> None:
    """Play, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--episodes", type=int, default=1024)
    parser.add_argument("--warm", type=int, default=64)
    parser.add_argument("--flight", type=int, default=64)
    parser.add_argument("--nodes", choices=("same", "calls"), default="same")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        if wanted.nodes == "same":
            found = asyncio.run(same(wanted.url, wanted.episodes, wanted.warm, wanted.flight, Path(place)))
        else:
            found = asyncio.run(calls(wanted.url, wanted.episodes, wanted.warm, wanted.flight))
    print(json.dumps({"version": version("langgraph"), **found}))


if __name__ == "__main__":
    main()
