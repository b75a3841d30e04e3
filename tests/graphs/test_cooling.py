"""Cooling: what is read off the ledger, and what it changes."""

from pathlib import Path

from noria.config import SessionConfig, Train
from noria.graphs import cooling
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Seed
from tests import build


def decided(action: str, *fired: str) -> dict[str, object]:
    return {"action": action, "why": f"{action}: because", "fired": list(fired)}


async def test_a_round_is_cooled_by_the_decision_before_it_and_counted_while_it_lasts(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    asked = ("vendi",), (), ("vendi", "spread"), ("vendi",)
    for number, fired in enumerate(asked, 1):
        guards = decided("cool_down" if fired else "on", *fired)
        await history.keep_round(number, "ended", guards=guards)
    assert [bool(cooling.cooled(history, number)) for number in range(1, 7)] == [False, True, False, True, True, False]
    assert cooling.cooled_for(history, 2) == {"vendi": 1}
    assert cooling.cooled_for(history, 3) == {}
    assert cooling.cooled_for(history, 5) == {"vendi": 2}
    ledger.close()


async def test_seeds_that_were_dealt_least_go_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    seeds = [Seed(id=f"seed-{n}", kind="topic", text=f"topic {n}") for n in range(3)]
    await history.keep_deal(
        1, [build.dealt("a", position=0, seed=seeds[0]), build.dealt("b", position=1, seed=seeds[1])]
    )
    assert cooling.fresh(history, seeds, 2) == [seeds[2]]
    await history.keep_deal(2, [build.dealt("c", round=2, position=0, seed=seeds[2])])
    assert cooling.fresh(history, seeds, 3) == seeds
    assert cooling.fresh(history, [], 3) == []
    ledger.close()


def test_a_cooled_round_is_warmer_but_not_beyond_sense_and_takes_more_anchors() -> None:
    def at(temperature: float) -> SessionConfig:
        return SessionConfig.model_validate({"play": {"temperature": temperature}})

    assert cooling.temperature(at(0.8), cool=True) == 1.0
    assert cooling.temperature(at(0.8), cool=False) == 0.8
    assert cooling.temperature(at(1.4), cool=True) == cooling.HOTTEST
    assert cooling.temperature(at(2.0), cool=True) == 2.0
    assert cooling.training(Train(anchors=0.2), cool=True).anchors == 0.4
    assert cooling.training(Train(anchors=0.2), cool=False).anchors == 0.2
