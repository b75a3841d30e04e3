"""What a plan takes for granted, in sentences: where it would not hold, and what the config would have to say.

A mix of domains holds only so many different tasks. Of n drawn alike from K, the different ones are expected to be
K · (1 − exp(−n / K)) (the occupancy problem; Feller, 1950): duplicates of a session tell K, and K tells whether the
target is there to be had. Draws are never quite alike, so the tasks that are easy to have run out sooner.
"""

import math

import numpy

from noria.planning.profile import Profile

MANY = 1e12
"""More different tasks than any plan asks for."""


def notes(
    profile: Profile, target: int, rounds: int, parameters: float, episodes: float, read: float,
    random: numpy.random.Generator, binds: str,
) -> tuple[str, ...]:  # fmt: skip
    """The sentences of a plan."""
    found = []
    if profile.pretended:
        found.append("The session was a dry run: its tokens are puppets', and so is what follows from them.")
    low, high = different(profile, random)
    if low < target:
        most = "more" if high >= MANY else f"{high:,.0f}"
        found.append(
            f"The measured domains and levels hold some {low:,.0f} to {most} different tasks, by {profile.duplicates} "
            f"duplicates among {profile.compared}: for {target:,} they must be widened, or acceptance falls below what "
            "is planned with."
        )
    found.append(
        f"Rounds of {episodes / rounds:,.0f} episodes (`play.episodes`); each training reads {read / rounds:,.0f} "
        "tokens, which `train.max_tokens` must allow."
    )
    if parameters != profile.parameters:
        found.append(
            f"Acceptance and lengths were measured with {profile.parameters:.3g} parameters and are taken for "
            f"{parameters:.3g}: a stronger model is accepted more often. Play a small session with it and plan "
            "`--from` that."
        )
    if binds == "schedule":
        found.append(
            "So few processes of Noria cannot keep these servers busy: `executor: ray` plays batches of episodes in "
            "more (deploy/ray-cluster.yaml), and `--processes` plans with them."
        )
    found.append(
        "Prefix caching is not reckoned with, nor the trial and error of getting there; every seat is taken to be held "
        "by a model of this size."
    )
    return tuple(found)


def different(profile: Profile, random: numpy.random.Generator, draws: int = 1000) -> tuple[float, float]:
    """How many different tasks there are to be had, nine in ten draws (duplicates as a Poisson's count)."""
    if profile.compared < 2:
        return MANY, MANY
    counts = random.gamma(profile.duplicates + 0.5, 1.0, draws)
    found = [holds(profile.compared, min(float(one), profile.compared - 1.0)) for one in counts]
    low, high = numpy.quantile(found, (0.05, 0.95))
    return float(low), float(high)


def holds(drawn: int, duplicates: float) -> float:
    """K, of which `drawn` drawn alike are expected to leave so many duplicates."""
    low, high = math.log(1.0), math.log(MANY)
    for _ in range(60):
        middle = (low + high) / 2
        size = math.exp(middle)
        if drawn - size * -math.expm1(-drawn / size) > duplicates:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
