"""Probation."""

from noria.graphs.context import Context
from noria.graphs.stepping import settle_fleet


async def probate(context: Context, number: int) -> None:
    """The fleet keeps what the next round may want."""
    await settle_fleet(context)
