"""The exam of a round, and who hears of it: methods that weigh other methods by what exams gained.

    examine ─► exam (ledger) ─► [bandit ─► beliefs (ledger)]

None of them is imported unless it is on; who has written what it makes of the exam does not write again.
"""

from importlib import import_module

from noria.graphs import examination
from noria.graphs.context import Context


async def examine(context: Context, number: int, student: str) -> bool:
    """Hold the exam, or find it held, and let each write what it makes of it; whether the student passed."""
    promoted = await examination.examine(context, number, student)
    for rules in context.config.methods.on("meta").values():
        await import_module(rules.module).believe(context, number, rules)
    return promoted
