"""Orchestration on a fake server that takes 50 ms: four calls an episode, 64 in flight, Noria beside its peers.

    python bench/orchestration.py [--rounds 7] [--episodes 1024] [--short] [--json FILE]

    noria                    a round of a real session: graph, client, ledger with its syncs, index, checkpoints
    noria, two players       the same in two processes (`executor: ray`), the ledger in a third
    langgraph, same nodes    the very nodes of Noria's episode in a bare LangGraph that keeps nothing
    langgraph, calls         four nodes that only call, through aiohttp
    aiohttp                  four calls after one another, 64 such chains at once, nothing else
    data-designer, distilabel   the same chain as each of them is told to run one, in environments of their own;
                                distilabel, a process a step, once more with 64 in flight in every step

All talk to one server (`noria/inference/fake_server.py`) in a process of its own, one contestant after another, the
order turned round each time; peers with processes of their own are held against both of Noria's ways to play. What is
compared is calls a second: an episode of Noria's that is refused early makes fewer than four. Noria's clock runs while
its round plays; the peers' costs that do not grow with their rows are taken off theirs (see `peers/`). A peer that
cannot be had is a row that says so.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contest import Served, Unplayed, environment, played, served
from rows import Row, asked, row, write

COMMAND = "python bench/orchestration.py"
LATENCY, FLIGHT, CALLS = 50.0, 64, 4


@dataclass(frozen=True)
class Contestant:
    """Who plays, beside Noria, and what is asked of Noria against it."""

    name: str
    package: str
    script: str
    words: tuple[str, ...] = ()
    share: float = 1.0
    """Its episodes, as a share of Noria's: the slow ones play fewer."""
    apart: str = ""
    """The name of its own environment."""
    flight: int = FLIGHT
    """The requests that it may have at once."""
    limit: float | None = None
    """The least ratio of Noria's calls a second to its."""
    note: str = ""


NORIA = Contestant("noria", "noria", "with_noria.py")
PLAYERS = Contestant("noria, two players", "noria", "with_noria.py", ("--players", "2"))
PEERS = (
    Contestant(
        "a bare LangGraph of the same nodes, nothing kept", "langgraph", "with_langgraph.py", ("--nodes", "same"),
        limit=0.9, note="the nodes, agents, checks and client are Noria's; no ledger, no checkpoint",
    ),
    Contestant(
        "NVIDIA's DataDesigner", "data-designer", "with_data_designer.py", ("--base", "64"), share=0.5,
        apart="data_designer", limit=5.0, note="the same chain as columns; what does not grow with its records is off",
    ),
    Contestant(
        "distilabel", "distilabel", "with_distilabel.py", ("--base", "64"), share=0.25, apart="distilabel", limit=3.0,
        note="the same chain as steps, each a process with 16 in flight; starting and ending them is off",
    ),
    Contestant(
        "distilabel with 256 in flight", "distilabel", "with_distilabel.py", ("--base", "64"), share=0.5,
        apart="distilabel", flight=4 * FLIGHT,
        note="four times the requests that anybody else may have in flight: 64 in each of its four processes",
    ),
    Contestant(
        "a bare LangGraph whose nodes only call", "langgraph", "with_langgraph.py", ("--nodes", "calls"),
        note="no check, no schema, no retry, nothing kept: the distance is told",
    ),
    Contestant(
        "a bare asyncio and aiohttp client", "aiohttp", "with_aiohttp.py",
        note="no graph, no check, no retry, nothing kept: the distance is told",
    ),
)  # fmt: skip


def play(who: Contestant, server: Served, episodes: int) -> dict[str, Any]:
    """One run of a contestant.

    Raises:
        Unplayed: it cannot play.
    """
    python = environment(who.apart) if who.apart else sys.executable
    count = max(16, int(episodes * who.share))
    return played(who.script, server, "--episodes", count, "--flight", who.flight, *who.words, python=python)


def rate(run: dict[str, Any]) -> float:
    """Calls a second."""
    return float(run["calls"]) / float(run["seconds"])


def contest(rounds: int, episodes: int, say: Callable[[str], None]) -> dict[str, list[dict[str, Any]] | str]:
    """The runs of each contestant, in turn; a sentence for one that could not play."""
    found: dict[str, list[dict[str, Any]] | str] = {}
    with served(LATENCY) as server:
        for turn in range(rounds):
            for who in (NORIA, PLAYERS, *PEERS)[:: -1 if turn % 2 else 1]:
                runs = found.setdefault(who.name, [])
                if isinstance(runs, str):
                    continue
                try:
                    runs.append(play(who, server, episodes))
                    say(f"run {turn + 1}: {who.name}: {rate(runs[-1]):.0f} calls a second")
                except Unplayed as fault:
                    found[who.name] = str(fault)
                    say(f"run {turn + 1}: {fault}")
    return found


def compared(
    who: Contestant, ours: list[dict[str, Any]] | str, theirs: list[dict[str, Any]] | str, how: str = ""
) -> Row:
    """Noria's calls a second over a contestant's, run by run; `how` Noria played."""
    what = f"orchestration, {CALLS} calls an episode at {LATENCY:.0f} ms, {FLIGHT} in flight{how}"
    told = {"demand": 2, "peer": who.name, "limit": who.limit}
    if isinstance(ours, str) or isinstance(theirs, str):
        return row(what, COMMAND, [], **told, note=f"not measured: {ours if isinstance(ours, str) else theirs}")
    pairs = list(zip(ours, theirs, strict=True))
    one, two = (statistics.median(map(rate, runs)) for runs in (ours, theirs))
    return row(
        what, COMMAND, [rate(a) / rate(b) for a, b in pairs], **told,
        peer_version=f"{who.package} {theirs[0]['version']}",
        note=f"{one:.0f} calls a second against {two:.0f}; {who.note}",
    )  # fmt: skip


def main() -> None:
    """Measure, print, and fail where a limit is missed."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--episodes", type=int, default=1024)
    wanted = parser.parse_args()
    rounds, episodes = (3, 768) if wanted.short else (wanted.rounds, wanted.episodes)
    found = contest(rounds, episodes, lambda line: print(line, file=sys.stderr, flush=True))
    ours = found[NORIA.name]
    if isinstance(ours, str):
        raise SystemExit(ours)
    rows = [compared(who, ours, found[who.name]) for who in PEERS]
    how = ", two players (`executor: ray`)"
    rows += [compared(who, found[PLAYERS.name], found[who.name], how) for who in PEERS if who.apart]
    most = [rate(run) * LATENCY / 1000 / FLIGHT for run in ours]
    server = statistics.median(run["server_ms_a_call"] for run in ours)
    rows.append(
        row(
            f"of the calls that {FLIGHT} places and {LATENCY:.0f} ms allow", COMMAND, most, demand=2,
            note=f"the server itself took {server:.2f} ms of a core a call",
        )
    )  # fmt: skip
    print(json.dumps({name: runs if isinstance(runs, str) else list(map(rate, runs)) for name, runs in found.items()}))
    for one in rows:
        print(f"{one.ratio or float('nan'):6.2f}  ({one.low} to {one.high})  {one.peer or one.what}: {one.note}")
    write(wanted.json, rows)
    sys.exit(any(one.met is False for one in rows))


if __name__ == "__main__":
    main()
