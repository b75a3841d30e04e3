"""Probation."""

from noria.graphs.context import Context


async def probate(context: Context, number: int) -> None:
    """Nothing yet."""
