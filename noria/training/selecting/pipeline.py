"""The methods of selection that are on, one after another, cheap before dear.

    samples ─► ORDER: form ─► duplicates ─► toxicity ─► … ─► k-centre ─► quotas ─► coreset ─► kept
                 each: before, kept, reasons, seconds, tokens ─► ledger, funnel

What one left out the next never sees, so the dear ones pay for few. A selection that would
leave nothing is not applied: its row says so, and the round learns from what came to it.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from noria.config.methods import Method
from noria.memory.selections import keep_scores
from noria.training.selecting.selector import Selected, Selector, Tools
from noria.types import Sample, Selection

ORDER: tuple[str, ...] = (
    "form", "near_duplicates", "solve_rate", "toxicity", "label_noise", "tags", "perplexity", "ifd", "uncertainty",
    "vote", "gradients", "k_centre", "quotas", "coreset",
)  # fmt: skip
"""Methods in the order they are applied; one that is not named here comes last."""

NOTHING = "it would have left nothing"


@dataclass
class Chosen:
    """What the methods did to a round's samples."""

    selections: list[Selection] = field(default_factory=list)
    left: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Samples left out: id to the method and why."""


async def choose(samples: Sequence[Sample], methods: Mapping[str, Method], tools: Tools) -> Chosen:
    """Apply the methods to the samples of a round.

    Raises:
        EndpointError: a policy that a method asks cannot answer.
    """
    chosen, standing = Chosen(), sorted(samples, key=lambda one: one.id)
    for position, name in enumerate(sorted(methods, key=_place)):
        started, spent = time.monotonic(), tools.history.tokens()
        found = await _selector(methods[name])(standing, methods[name], tools)
        await keep_scores(tools.history, tools.number, name, "", found.scores)
        if standing and len(found.left) >= len(standing):
            found = Selected({}, facts=found.facts, skipped=NOTHING)
        prompt, completion = (now - before for now, before in zip(tools.history.tokens(), spent, strict=True))
        before, standing = len(standing), [one for one in standing if one.id not in found.left]
        chosen.left |= {key: (name, why) for key, why in found.left.items()}
        chosen.selections.append(
            Selection(
                round=tools.number, position=position, method=name, before=before, kept=len(standing),
                why=dict(Counter(found.left.values()).most_common()), seconds=round(time.monotonic() - started, 3),
                prompt_tokens=prompt, completion_tokens=completion, skipped=found.skipped, facts=found.facts,
            )
        )  # fmt: skip
    return chosen


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _selector(rules: Method) -> Selector:
    selector: Selector = import_module(rules.module).select
    return selector
