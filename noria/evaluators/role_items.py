"""The items of a role's exam: as many bad ones as sound ones, of the domains that a session plays.

    critic      wordings broken in a known way          sound wordings
    adversary   weak wordings and weak verifiers        sound candidates
    judge       wrong answers, and what fools judges    right answers

The same name gives the same items in every process. Where a domain has nothing planted (one
of the user's own) its part falls to the others; fewer items than asked for are as many as
there are. What an adversary's reply cannot claim, a forgery, is not asked of it.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from noria.evaluators.domain import Domain
from noria.evaluators.faulty_wordings import Worded, worded
from noria.evaluators.planted import Plant, plants
from noria.evaluators.weaknesses import Planted, sound, weaknesses
from noria.identity import stream

Item = TypeVar("Item")
Fits = Callable[[Domain], bool]
"""Whether something planted in a domain may be asked."""


def wordings(name: str, count: int, fits: Fits) -> list[Worded]:
    """Wordings for a critic."""
    made = [one for one in worded(name, count) if fits(one.domain)]
    return balanced(name, count, made, lambda one: one.fault != "good")


def candidates(name: str, count: int, fits: Fits) -> list[Planted]:
    """Candidates for an adversary."""
    made = [*weaknesses(name), *sound(name, count)]
    claimable = [one for one in made if one.kind != "forgery" and fits(one.domain)]
    return balanced(name, count, claimable, lambda one: one.kind != "sound")


def answers(
    name: str, count: int, domains: Sequence[Domain], levels: Sequence[int], *, reserved: bool = False
) -> list[Plant]:
    """Answers for a judge, of one level of each domain; with `reserved` of tasks that no sample may be made of."""
    made = plants(domains, levels, count, name, reserved=reserved)
    return balanced(name, count, made, lambda one: one.kind != "right")


def balanced(name: str, count: int, among: Sequence[Item], bad: Callable[[Item], bool]) -> list[Item]:
    """Half bad and half sound of some items, in an order that tells nothing."""
    rng = stream(name, "order")
    halves = [[one for one in among if bad(one)], [one for one in among if not bad(one)]]
    for half in halves:
        rng.shuffle(half)
    size = min(count // 2, *map(len, halves))
    chosen = [one for half in halves for one in half[:size]]
    rng.shuffle(chosen)
    return chosen
