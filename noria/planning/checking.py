"""A plan held against what came: the rest of a session, foreseen from its beginning.

    two rounds or more     the first round foretells the others: accepted, tokens, seconds of each stage
    one round              the first half of its episodes, in deal order, foretells the second: accepted and tokens

How many episodes the rest dealt, and how many rounds, is given; everything else is foreseen by the same figures and the
same formulas as a large run on the session's own machine. What came is recounted as the beginning was.
"""

from collections.abc import Callable
from pathlib import Path

import numpy

from noria.errors import ConfigError
from noria.memory.history import History
from noria.memory.spent import Spent
from noria.planning.expecting import PACE, drift, seatings, share, tokens
from noria.planning.measuring import measure, over
from noria.planning.plan import DRAWS, Span, span
from noria.planning.profile import Profile
from noria.planning.rates import Draws
from noria.types import Noun


class Compared(Noun):
    """One figure: as it was foreseen, and as it came."""

    name: str
    unit: str
    foreseen: Span
    came: float

    @property
    def apart(self) -> float:
        """How far what came lies above the middle of what was foreseen, as a share of it."""
        return self.came / self.foreseen.mid - 1 if self.foreseen.mid else 0.0

    @property
    def within(self) -> bool:
        """Whether it came between the ends."""
        return self.foreseen.low <= self.came <= self.foreseen.high


class Checked(Noun):
    """A session's plan and its outcome."""

    session: str
    seen: str
    """What was foreseen from,"""
    rest: str
    """and what was foreseen."""
    episodes: int
    """Of the rest."""
    figures: tuple[Compared, ...]


def check(story: History, folder: Path) -> Checked:
    """Foresee the rest of a session from its beginning, and compare.

    Raises:
        ConfigError: there is no beginning and rest: fewer than two episodes have ended, or none was accepted.
        SessionError: nothing was played.
    """
    ended = over(story)
    numbers = sorted({one.round for one in ended})
    early, seen, rest = _parted(ended, numbers)
    if not any(map(early, ended)) or all(map(early, ended)):
        raise ConfigError(
            f"The session {str(folder)!r} has no rest to foresee: fewer than two episodes of it have ended.",
            mend="Play on.",
        )
    known = measure(story, folder, early)
    came = measure(story, folder, lambda one: not early(one), settled=False)
    rounds = len(numbers) - 1
    return Checked(
        session=known.session, seen=seen, rest=rest, episodes=came.dealt, figures=tuple(_compared(known, came, rounds))
    )


def _parted(ended: list[Spent], numbers: list[int]) -> tuple[Callable[[Spent], bool], str, str]:
    """What belongs to the beginning, and both parts in words."""
    if len(numbers) > 1:
        rest = f"round {numbers[1]}" if len(numbers) == 2 else f"rounds {numbers[1]} to {numbers[-1]}"
        return (lambda one: one.round == numbers[0]), f"round {numbers[0]}", rest
    places = {one.position for one in ended[: len(ended) // 2]}
    return (lambda one: one.position in places), "the first half of its episodes", "the second half"


def _compared(known: Profile, came: Profile, rounds: int) -> list[Compared]:
    random = numpy.random.default_rng(0)
    dealt = numpy.full(DRAWS, float(came.dealt))
    accepted = random.binomial(came.dealt, share(known, random, DRAWS)).astype(float)
    more = drift(random, DRAWS)
    asked = {name: tokens(known, seat, dealt, random) for name, seat in known.seats.items()}
    rows: list[tuple[str, str, Draws, float]] = [("accepted", "", accepted, came.accepted)]
    for name, (prompt, reply) in asked.items():
        seat = came.seats[name]
        rows.append((f"{name}: prompt tokens", "", prompt * more, seat.prompt.mean * came.dealt))
        rows.append((f"{name}: reply tokens", "", reply * more, seat.completion.mean * came.dealt))
    played = sum((prompt + reply for prompt, reply in asked.values()), numpy.zeros(DRAWS)) * more
    rows.append(("tokens of the episodes", "", played, came.play_tokens))
    if rounds and known.play_seconds and came.play_seconds:
        rows += _timed(known, came, rounds, accepted, played, random)
    return [Compared(name=name, unit=unit, foreseen=span(draws), came=value) for name, unit, draws, value in rows]


def _timed(
    known: Profile, came: Profile, rounds: int, accepted: Draws, played: Draws, random: numpy.random.Generator
) -> list[tuple[str, str, Draws, float]]:
    """What only whole rounds tell: exams, trainings, seconds."""
    seats, more, pace = seatings(known, rounds, random, DRAWS), drift(random, DRAWS), drift(random, DRAWS, PACE)
    one, other = (aside.prompt + aside.completion for aside in (known.exams, known.seating))
    exams = (rounds * one + seats * other) * more
    read = accepted * known.taught.read(1.0) * drift(random, DRAWS)
    play = played / (known.play_tokens / known.play_seconds) * pace
    aside = (
        (rounds * known.exams.seconds + seats * known.seating.seconds + accepted * known.curate.seconds) * more * pace
    )
    train = read * (known.taught.seconds / known.taught.tokens if known.taught.tokens else 0.0) * pace
    held = rounds * came.exams.seconds + came.seated * came.seating.seconds + came.accepted * came.curate.seconds
    asked = sum(
        (part.prompt + part.completion) * times for part, times in ((came.exams, rounds), (came.seating, came.seated))
    )
    return [
        ("tokens of the exams", "", exams, asked),
        ("tokens trained", "", read, came.taught.tokens),
        ("seconds of the episodes", "s", play, came.play_seconds),
        ("seconds of training", "s", train, came.taught.seconds),
        ("seconds of exams and selection", "s", aside, held),
        ("seconds in all", "s", play + train + aside, came.play_seconds + came.taught.seconds + held),
    ]
