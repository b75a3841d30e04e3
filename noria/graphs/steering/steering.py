"""The step before each batch: stand still while it is owed, take what changed, commit what the batch is played under.

route what the last one accepted ─► owed? (interrupt) ─► catch up with what was refused ─► take templates
    ─► commit (round, batch) ─► play
"""

from importlib import import_module

from noria.failpoints import at
from noria.graphs.context import Context
from noria.graphs.steering import batches, taking
from noria.graphs.steering.holding import owed, stand
from noria.memory.neighbours import catch_up
from noria.memory.steps import Steps


async def steer(context: Context, number: int, batch: int, episodes: list[str]) -> None:
    """Make ready for the batch that comes, from 0; where none comes, only wait for what is owed."""
    at("batch.reached", (context, number, batch + 1))
    if batch and (routes := context.config.methods.on("route")):
        for rules in routes.values():
            await import_module(rules.module).border(context, number, batch, rules)
    if owed(context, number):
        await context.border.rest()  # a session stands still with nothing in hand
    stand(context, number)
    await catch_up(context.history, context.index)
    if not episodes or Steps(context.history).batch(number, batch + 1) is not None:
        return
    await take(context, number, batch + 1)
    size = context.config.play.batch
    hands = context.history.deal(number, batch * size, size)
    _, expired = await batches.commit(context.history, context.desk.templates, number, batch + 1, hands)
    at("batch.committed")
    for one in expired:
        context.tell("steered", {"said": one.said})


async def take(context: Context, number: int, batch: int) -> None:
    """Take the templates that changed, for a batch that was not committed."""
    context.desk.templates, made = await taking.take(context.history, context.desk.templates, number, batch)
    for one in made:
        context.tell("steered", {"said": one.said})
