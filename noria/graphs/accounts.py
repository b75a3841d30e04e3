"""What the methods did in a round, recounted for the summary: selections, leans, strategies."""

from collections import Counter
from typing import Any

from noria.memory.history import History
from noria.memory.selections import selections


def methods(history: History, number: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Selections in their order, leans on the plan, and of each strategy its hands, dealt and accepted."""
    return {
        "selections": [one.model_dump(mode="json") for one in selections(history, number)],
        "leans": facts.get("leans", []),
        "strategies": strategies(history, number) if facts.get("strategies") else {},
    }


def strategies(history: History, number: int) -> dict[str, dict[str, int]]:
    """How many hands of a round each strategy was dealt, and how many were accepted; the plain ones are `window`."""
    accepted = {one.id for one in history.episodes(number) if one.outcome == "accepted"}
    dealt, won = Counter[str](), Counter[str]()
    for hand in history.deal(number):
        dealt[hand.strategy or "window"] += 1
        won[hand.strategy or "window"] += hand.episode in accepted
    return {name: {"dealt": count, "accepted": won[name]} for name, count in sorted(dealt.items())}
