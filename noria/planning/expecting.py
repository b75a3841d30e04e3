"""What some episodes will take, as draws: how many are accepted, and the tokens of each stage.

    accepted     Binomial(m, p),  p ~ Beta(a + ½, n − a + ½)        a of n were accepted (Jeffreys, 1946)
    tokens       m · Normal(mean, sd · √(1/n + 1/m))                 the mean of n episodes foretells that of m others

Both are then moved by what no sample of one round can show: rounds differ, because the student learns and tasks get
harder or easier. Three sessions of two rounds each, by 70 episodes, on one machine (`recipes/full.yaml`, `preference`,
`evolve`), second round over first, as logarithms:

    tokens an episode                        −0.04  −0.02  +0.19
    seconds a token                          +0.36  +0.61  −0.01    a student's server beside the base's on two cores
    tokens of exams and calibrations         −0.05  −0.22  −0.16    a taught student answers shorter

A long reply goes with a candidate that comes far, so tokens and acceptance rise together; they are drawn apart, which
makes the range of tokens an accepted episode wider, never narrower.
"""

import numpy

from noria.planning.profile import Profile, Seat
from noria.planning.rates import Draws

DRIFT = 0.15
"""Standard deviation of the logarithm of tokens, of rounds that were not seen over those that were, beyond chance."""

PACE = 0.3
"""The same of seconds a token on the session's own machine."""


def share(profile: Profile, random: numpy.random.Generator, draws: int) -> Draws:
    """The share of dealt episodes that is accepted."""
    return random.beta(profile.accepted + 0.5, profile.dealt - profile.accepted + 0.5, draws)


def drift(random: numpy.random.Generator, draws: int, by: float = DRIFT) -> Draws:
    """A factor by which rounds differ from each other."""
    factor: Draws = numpy.exp(random.normal(0.0, by, draws))
    return factor


def seatings(profile: Profile, rounds: int, random: numpy.random.Generator, draws: int) -> Draws:
    """How many of so many rounds hold exams for seats."""
    chance = random.beta(profile.seated + 0.5, profile.rounds - profile.seated + 0.5, draws)
    return random.binomial(rounds, chance).astype(float)


def tokens(profile: Profile, seat: Seat, episodes: Draws, random: numpy.random.Generator) -> tuple[Draws, Draws]:
    """Prompt and completion tokens of a stage over so many dealt episodes."""
    reach = numpy.sqrt(1 / profile.told + 1 / numpy.maximum(episodes, 1))
    prompt, completion = (
        episodes * numpy.maximum(0.0, random.normal(one.mean, one.sd * reach)) for one in (seat.prompt, seat.completion)
    )
    return prompt, completion
