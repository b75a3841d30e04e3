"""Probation: whether a promoted student stays, decided by a pure function of two exams.

    exam it was promoted by + fresh items a round later ─► stays, or steps back to its parent

Among the students that pass one exam the lucky are over-represented, so the same exam cannot
tell luck from skill; a second one can. A student stays while the gain over both exams is still
beyond noise at the level it was promoted at, it is not significantly worse on the second, and no
domain is significantly worse over both. By simulation (`bench/gate.py`, 1,000 sessions a kind):
asking of the second exam alone that it not be significantly worse sends next to none of the lucky
back; asking that it be significant again sends back seven in ten of those truly better by ten
points; this rule sends back two in five of the lucky and one in forty of those.
"""

from collections.abc import Sequence

from noria.evaluators.gate import sign_test
from noria.types import DomainResult


def stays(
    first: tuple[int, int],
    second: tuple[int, int],
    domains: Sequence[DomainResult] = (),
    *,
    spent: float,
    alpha: float,
) -> tuple[bool, str]:
    """Whether a promoted student stays, and the sentence why.

    `first` and `second` are wins and losses of the exam it was promoted by and of the fresh items;
    `domains` are of both together. `spent` is the level it was promoted at, `alpha` that of "worse".
    """
    wins, losses = second
    won, lost = first[0] + wins, first[1] + losses
    worse, gain = sign_test(losses, wins), sign_test(won, lost)
    again = f"{wins} won, {losses} lost on fresh items"
    both = f"{won} won, {lost} lost over both exams, p = {gain:.3g}"
    if worse < alpha:
        return False, f"significantly worse: {again}, p = {worse:.3g} under {alpha:.3g}"
    if bad := [one.domain for one in domains if one.significantly_worse]:
        return False, f"worse in {', '.join(bad)} over both exams, after Holm's correction; {again}"
    if gain >= spent:
        return False, f"the gain is gone: {again}; {both}, needed under {spent:.3g}"
    return True, f"{again}; {both} under {spent:.3g}"
