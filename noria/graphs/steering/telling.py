"""What steers a session now, for people and for `noria status`."""

from noria.graphs.steering import notes, trials
from noria.graphs.steering.pausing import holds, paused
from noria.memory.history import History
from noria.memory.steps import Steps
from noria.memory.withdrawals import PERSON, Withdrawals
from noria.types import Json


def steered(history: History) -> Json:
    """Whether it is paused, what it waits for, notes, trials, templates taken and refused, rulings."""
    steps = Steps(history)
    over = bool(history.ledger.fact("finished"))
    return {
        "paused": paused(steps) and not over,
        "waits_for": {} if over else holds(history),
        "notes": [] if over else notes.shown(history),
        "trials": trials.shown(history),
        "templates": [
            {"round": one.round, "batch": one.batch, "name": one.name, "refused": one.kind == "broken_template",
             "said": one.said, "at": one.at}
            for one in steps.each("template", "broken_template")
        ],
        "approved": steps.count("approve"),
        "refused": steps.count("refuse"),
        "withdrawn": Withdrawals(history.ledger).rooted(PERSON),
    }  # fmt: skip
