"""The band of solve rates that is accepted, and when no further attempt can change on which side of it a task falls.

    k attempts, band 0.25 to 0.75:  ✓✓✓✓✓✓✓ ─► above, whatever the last gives     ✗✗✗✗✗✗✗ ─► below, likewise

Curtailed sampling (M. A. Girshick, F. Mosteller and L. J. Savage, Annals of Mathematical Statistics 17, 1946):
the side is that of all k attempts for certain. The rate of those that were made is not: it leans to the end it
was stopped at, which is why nobody stops early unless the config says so.
"""

Band = tuple[float, float]
"""The lowest and the highest rate inside."""


def outside(passed: int, failed: int, count: int, band: Band) -> bool:
    """Whether the rate of `count` attempts falls outside of a band, whatever those give that are not made yet."""
    low, high = band
    return passed / count > high or (count - failed) / count < low


def fewest(count: int, band: Band) -> int:
    """The fewest attempts that may decide it; `count` where only all of them do."""
    return next((n for n in range(1, count) if outside(n, 0, count, band) or outside(0, n, count, band)), count)
