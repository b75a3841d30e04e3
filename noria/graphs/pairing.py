"""The pairs of a round: what its methods of preference learn from beside the rows.

    rows, as they were curated ─► dpo, spin: pairs of each ─► rows and pairs ─► the trainer

Nothing of it is imported unless such a method is on. The pairs follow from the ledger and the round's own streams; what
the previous policy is asked for them is a turn, and found by a round that is resumed.
"""

from collections.abc import Collection
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from noria.graphs.context import Context
from noria.graphs.selecting import left_out, tools
from noria.graphs.withdrawing import retrained
from noria.memory.withdrawals import Withdrawals
from noria.training.curate import Curated

if TYPE_CHECKING:
    from noria.training.pairing import Barred

METHODS = ("dpo", "spin")
"""The methods that learn from pairs."""


async def paired(context: Context, number: int, chosen: Curated, unclean: Collection[str]) -> Curated:
    """The curated rows with the pairs that go with them.

    Raises:
        EndpointError: the previous policy cannot be asked.
    """
    methods = {name: rules for name, rules in context.config.methods.on("train").items() if name in METHODS}
    if not methods:
        return chosen
    barred = barring(context, number, unclean)
    given = replace(tools(context, number), number=retrained(context.history, number))
    found = []
    for name, rules in methods.items():
        made = await import_module(rules.module).pairs(given, rules, barred)
        context.tell("paired", {"round": number, "method": name, "pairs": len(made)})
        found.extend(made)
    return replace(chosen, pairs=tuple(found), opponent=context.pointer("student"))


def barring(context: Context, number: int, unclean: Collection[str]) -> "Barred":
    """What a round may not learn from."""
    from noria.training.pairing import Barred

    history = context.history
    return Barred(
        frozenset(history.quarantined()), left_out(context, number) | frozenset(unclean),
        frozenset(Withdrawals(history.ledger).tainted()),
    )  # fmt: skip
