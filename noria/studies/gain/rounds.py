"""A loop round by round: what collapses first where a loop collapses, what it cost, and where its time went.

    episodes of a round ─► solve rate, pass@k, how much answers to one task differ, their length
    accepted of a round ─► distinct word pairs, Vendi score, of as many in every arm
    stages, turns       ─► seconds by stage, share of them in which a call was in hand, tokens

Cheap checks stand first in the loop. What the same round would have cost with them last is counted, not played:
a candidate that they refused would have been attempted, reviewed, attacked and ruled on before, at what these seats
took of those that came so far.
"""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from noria.evaluators.collapse import entropy
from noria.evaluators.diversity import distinct, vendi
from noria.identity import stream
from noria.memory.calls import calls
from noria.memory.embed import Embedder
from noria.memory.history import History
from noria.types import Episode, Reason

AT = 24
"""Accepted answers that diversity is measured at, in every arm and round."""

CHEAP = (Reason.MALFORMED, Reason.RESERVED, Reason.DUPLICATE, Reason.NEAR_DUPLICATE, Reason.UNGROUNDED)
"""What the checks before the first attempt refuse for."""

AFTER = ("solver", "critic", "adversary", "judge")
"""Seats that are asked once those checks have passed."""


def told(history: History, embedder: Embedder) -> list[dict[str, Any]]:
    """What each round of a loop came to."""
    return [_round(history, number, facts, embedder) for number, _, facts in history.rounds()]


def _round(history: History, number: int, facts: dict[str, Any], embedder: Embedder) -> dict[str, Any]:
    episodes = list(history.episodes(number))
    tried = [made for one in episodes if len(made := _own(one)) > 1]
    rates = [sum(passed for _, passed in made) / len(made) for made in tried]
    texts = sorted(
        f"{one.messages[-2].content}\n{one.messages[-1].content}"
        for one in history.samples(number=number, role="solver")
    )
    thinned = stream("gain", number).sample(texts, AT) if len(texts) >= AT else []
    stages = {name: round(spent["seconds"], 1) for name, spent in facts.get("stages", {}).items()}
    funnel, asked = history.funnel(number), calls(history, {one.id for one in episodes})
    return {
        "round": number,
        "dealt": funnel["dealt"],
        "accepted": funnel["accepted"],
        "learned": facts.get("curated", {}).get("new", 0),
        "solve_rate": mean(rates) if rates else None,
        "pass_k": mean(rate > 0 for rate in rates) if rates else None,
        "entropy": mean(entropy([said for said, _ in made]) for made in tried) if tried else None,
        "length": mean(len(said) for made in tried for said, _ in made) if tried else None,
        "distinct_2": distinct(thinned, 2) if thinned else None,
        "vendi": vendi(embedder.embed(thinned)) if thinned else None,
        "stages": stages,
        "in_hand": asked.in_hand,
        "tokens": asked.tokens,
        "checks_last": _last(episodes, asked.tokens),
    }


def _own(episode: Episode) -> list[tuple[str, bool]]:
    return [(made.response, made.passed) for made in episode.attempts if made.source != "program"]


def _last(episodes: Sequence[Episode], tokens: dict[str, int]) -> int:
    """Tokens of the round had its cheap checks stood last."""
    refused = sum(one.reason in CHEAP for one in episodes)
    through = sum(bool(_own(one)) for one in episodes)
    dear = sum(tokens.get(seat, 0) for seat in AFTER)
    return sum(tokens.values()) + (round(refused * dear / through) if through else 0)
