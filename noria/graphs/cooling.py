"""Cooling down: how the round after a fired guard is played.

    guard of round r says cool_down ─► round r+1: warmer draws, fresh seeds, another random stream,
                                                  more neighbours shown, more anchors in training
    guard of round r+1: nothing fires ─► over     the same fires ─► once more, and then the session stops

Whether a round is cooled is read off the ledger, from what the guard of the round before
decided; so a resumed session cools the same rounds. The temperature stands in the deal.
"""

from collections import Counter
from collections.abc import Sequence

from noria.config import SessionConfig, Train
from noria.memory.history import History
from noria.types import Seed

WARMER = 1.25
"""Factor on the temperature of generator and solver."""

HOTTEST = 1.5
"""Temperature above which small models speak noise."""

ANCHORS = 2.0
"""Factor on the share of anchors in training."""

SHOWN = 2
"""Further neighbours that the generator is shown as what to stay away from."""


def cooled(history: History, number: int) -> str:
    """Why a round is cooled; empty where it is played as the config says."""
    guards = history.round(number - 1).get("guards", {}) if number > 1 else {}
    return str(guards["why"]) if guards.get("action") == "cool_down" else ""


def cooled_for(history: History, number: int) -> dict[str, int]:
    """For how many rounds in a row, up to this one, each guard has had the session cool down."""
    counts: Counter[str] = Counter()
    still: set[str] | None = None
    for earlier in range(number - 1, 0, -1):
        guards = history.round(earlier).get("guards", {})
        asked = set(guards.get("fired", ())) if guards.get("action") == "cool_down" else set()
        still = asked if still is None else still & asked
        if not still:
            break
        counts.update(still)
    return dict(counts)


def temperature(config: SessionConfig, cool: bool) -> float:
    """The temperature that generator and solver play a round at."""
    usual = config.play.temperature
    return max(usual, min(HOTTEST, round(usual * WARMER, 3))) if cool else usual


def fresh(history: History, seeds: Sequence[Seed], number: int) -> list[Seed]:
    """The seeds that were dealt least so far: the new ones, while there are any."""
    dealt = Counter(one.seed.id for earlier in range(1, number) for one in history.deal(earlier))
    least = min((dealt[seed.id] for seed in seeds), default=0)
    return [seed for seed in seeds if dealt[seed.id] == least]


def training(rules: Train, cool: bool) -> Train:
    """How a round trains: with more anchors where it is cooled."""
    return rules.model_copy(update={"anchors": rules.anchors * ANCHORS}) if cool else rules
