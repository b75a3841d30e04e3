"""Seats are earned."""

from noria.graphs.context import Context


async def seat(context: Context, number: int, student: str) -> None:
    """Nothing yet."""
