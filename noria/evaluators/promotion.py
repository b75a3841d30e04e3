"""Promotion: a pure function of evidence that lets a student into the pool, or keeps it out.

    fresh items   ─► gain      more right than its parent, beyond noise
                  ─► domains   in none of them worse, beyond noise
                  ─► form      no longer and no more often cut than its parent
    frozen items  ─► frozen    what it lost of what its parent knew is inside the margin
    general text  ─► prose     it reads about as well as the base
                        all met ─► promoted, on probation

The gain is tested against "no better", at a level that is spent over the rounds, so that a
whole session promotes a student that is no better with a chance of at most alpha. What must
not be lost is tested the other way round, against "worse by the margin" (see `bounds.py`):
an exam that is too small to tell keeps the student out. A student is promoted where every
demand is met, so none of them raises the chance that a bad one comes through.
"""

from collections.abc import Sequence
from math import exp, log

from noria.evaluators.bounds import detectable, items_needed, loss_bound, mean_bound, power
from noria.evaluators.gate import holm, sign_test
from noria.types import Demand, DomainResult, ExamItem, Form, Frozen, Power, Prose

LONGER = 1.5
"""Times the length of its parent's answer, or of a right one, that a student's answers may reach."""

SOFT = 16
"""Characters added to every length, so that `12` after `2` is no answer of double length."""


def discordant(items: Sequence[ExamItem]) -> tuple[int, int]:
    """Items only the student got right, and items only its parent did."""
    wins = sum(item.student_passed and not item.parent_passed for item in items)
    return wins, sum(item.parent_passed and not item.student_passed for item in items)


def by_domain(items: Sequence[ExamItem], alpha: float) -> tuple[DomainResult, ...]:
    """Each domain's part of an exam, and where the student is worse beyond chance, after Holm over the domains."""
    names = sorted({item.task.domain for item in items})
    groups = [[item for item in items if item.task.domain == name] for name in names]
    pairs = [discordant(group) for group in groups]
    worse = [sign_test(losses, wins) for wins, losses in pairs]
    return tuple(
        DomainResult(
            domain=name,
            items=len(group),
            parent=sum(item.parent_passed for item in group),
            student=sum(item.student_passed for item in group),
            worse_p=p,
            significantly_worse=bad,
        )
        for name, group, p, bad in zip(names, groups, worse, holm(worse, alpha), strict=True)
    )


def frozen(items: Sequence[ExamItem], margin: float, alpha: float) -> Frozen | None:
    """What the student lost on the frozen items; none where none were asked."""
    if not items:
        return None
    wins, losses = discordant(items)
    return Frozen(
        items=len(items),
        parent=sum(item.parent_passed for item in items),
        student=sum(item.student_passed for item in items),
        wins=wins,
        losses=losses,
        bound=loss_bound(wins, losses, len(items), alpha),
        margin=margin,
    )


def prose(base: Sequence[float], student: Sequence[float], margin: float, alpha: float) -> Prose:
    """How the student reads general text, from nats a token of each passage, paired by passage."""
    rises = [after - before for before, after in zip(base, student, strict=True)]
    return Prose(
        base=tuple(base),
        student=tuple(student),
        ratio=exp(sum(rises) / len(rises)),
        bound=exp(min(50.0, mean_bound(rises, alpha))),
        margin=margin,
    )


def form(items: Sequence[ExamItem], alpha: float) -> Form:
    """How long the student's answers are and how often cut, paired by item.

    A student that learned to give whole answers may be longer than a parent that gave none, so
    an answer is held against the longer of its parent's and a right one.
    """
    grown = [
        log((len(item.student) + SOFT) / (max(len(item.parent), item.right_length) + SOFT)) for item in items
    ]  # fmt: skip
    more = sum(item.student_cut and not item.parent_cut for item in items)
    fewer = sum(item.parent_cut and not item.student_cut for item in items)
    return Form(
        longer=exp(sum(grown) / len(grown)) if grown else 1.0,
        bound=exp(min(50.0, mean_bound(grown, alpha))),
        limit=LONGER,
        parent_cut=sum(item.parent_cut for item in items),
        student_cut=sum(item.student_cut for item in items),
        cut_p=sign_test(more, fewer),
    )


def seen(wins: int, losses: int, items: int, gain: float, alpha: float) -> Power:
    """What an exam of so many items could have seen, given how often its pairs differed."""
    share = (wins + losses) / items if items else 0.0
    return Power(
        gain=gain,
        chance=power(items, gain, share, alpha),
        discordant=share,
        detectable=detectable(items, share, alpha),
        items=items_needed(gain, share, alpha),
    )


def demands(
    wins: int,
    losses: int,
    spent: float,
    domains: Sequence[DomainResult],
    lost: Frozen | None = None,
    read: Prose | None = None,
    shape: Form | None = None,
    *,
    alpha: float = 0.05,
) -> tuple[Demand, ...]:
    """What a student must show, and whether it did.

    `spent` is the level of the gain this round, `alpha` that of each other demand.
    """
    p = sign_test(wins, losses)
    counted = f"{wins} won, {losses} lost, p = {p:.3g}"
    gain = Demand(
        name="gain",
        met=p < spent,
        said=f"{counted} under {spent:.3g}"
        if p < spent
        else f"no gain beyond noise: {counted}, needed under {spent:.3g}",
    )
    worse = [result.domain for result in domains if result.significantly_worse]
    said = f"worse in {', '.join(worse)} after Holm's correction" if worse else "no domain worse"
    return (
        gain,
        Demand(name="domains", met=not worse, said=said),
        _lost(lost, alpha),
        _read(read),
        _shape(shape, alpha),
    )


def _lost(found: Frozen | None, alpha: float) -> Demand:
    if found is None:
        return Demand(name="frozen", met=True, asked=False, said="no frozen item was asked")
    counted = f"{found.parent} right before, {found.student} after of {found.items} frozen items"
    sure = f"at {1 - alpha:.0%} a loss of more than {max(0.0, -found.bound):.1%} is ruled out"
    met = found.bound > -found.margin
    if met:
        return Demand(name="frozen", met=True, said=f"{counted}; {sure}")
    least = f"; {found.items} items cannot show more" if loss_bound(0, 0, found.items, alpha) <= -found.margin else ""
    said = f"a loss of {found.margin:.0%} on the frozen items is not ruled out: {counted}; {sure}{least}"
    return Demand(name="frozen", met=False, said=said)


def _read(found: Prose | None) -> Demand:
    if found is None:
        return Demand(name="prose", met=True, asked=False, said="general text was not read")
    ratio = f"perplexity of general text {found.ratio:.3f} times the base's, at most {found.bound:.3f}"
    if found.bound < 1 + found.margin:
        return Demand(name="prose", met=True, said=ratio)
    said = f"general text is read worse: {ratio} where {1 + found.margin:.3g} must be ruled out"
    return Demand(name="prose", met=False, said=said)


def _shape(found: Form | None, alpha: float) -> Demand:
    if found is None:
        return Demand(name="form", met=True, asked=False, said="the form of the answers was not looked at")
    length = f"answers {found.longer:.2f} times as long, at most {found.bound:.2f}"
    cut = f"{found.parent_cut} cut before, {found.student_cut} after"
    if found.bound >= found.limit:
        said = f"verbose: {length} where {found.limit:.3g} must be ruled out; {cut}"
        return Demand(name="form", met=False, said=said)
    if found.cut_p < alpha:
        said = f"more answers are cut at their cap: {cut}, p = {found.cut_p:.3g}"
        return Demand(name="form", met=False, said=said)
    return Demand(name="form", met=True, said=f"{length}; {cut}")


def promote(found: Sequence[Demand]) -> tuple[bool, str]:
    """Whether a student enters the pool, and the sentence why: what failed, or what was shown."""
    if failed := [one.said for one in found if not one.met]:
        return False, "; and ".join(failed)
    return True, ", ".join(one.said for one in found if one.name in ("gain", "domains"))
