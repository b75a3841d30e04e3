"""A wall clock that jumps decides nothing: the same rows, and every trace in the order it was made."""

import asyncio
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from noria.graphs.run import run
from noria.memory.history import History
from noria.memory.ledger import Ledger
from tests import build

DAY = 86_400.0
CLOCKS = {
    "steady": [1.8e9 + at for at in range(9999)],
    "backwards, from 1970": [5.0 - at for at in range(9999)],
    "to and fro": [1.8e9, 1.8e9 - DAY, 1.8e9 + 365 * DAY, 0.0],
}


async def test_a_trace_is_in_the_order_its_turns_were_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    for number, started in enumerate((100.0, 50.0, 0.0, -1.0, 75.0), 1):
        await history.keep_turn(build.turn(number=number, started=started))
        await history.keep_turn(build.turn("episode-2", number=number, started=started))
    assert [turn.key.attempt for turn in history.trace("episode-1")] == [1, 2, 3, 4, 5]
    ledger.close()


def test_a_clock_that_jumps_changes_no_row(tmp_path: Path) -> None:
    told = []
    for name, clock in CLOCKS.items():
        settings = build.config(tmp_path / name, play={"episodes": 6, "attempts": 2}, judge={"calibration": 0})
        means = replace(build.means(settings), clock=cycle(clock).__next__)
        assert asyncio.run(run(settings, means))["finished"] == "rounds: 1 played"
        ledger = Ledger(settings.session)
        history = History(ledger)
        traces = {one.episode: [str(turn.key) for turn in history.trace(one.episode)] for one in history.deal(1)}
        told.append((sorted(sample.model_dump_json() for sample in history.samples()), history.deal(1), traces))
        ledger.close()
    assert told[0] == told[1] == told[2]
    assert all("/generator/" in keys[0] for keys in told[0][2].values())
