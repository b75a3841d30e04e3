"""Role exams: whether a student is better at a role than who holds its seat; pure.

    the same items ─┬─► holder ──► right or not ─┐
                    └─► student ─► right or not ─┴─► paired exact test ─► above the floor? ─► seated

A generator is right about a window where its proposal yields a task that is new and that a
program can check. On a window it wins who passed more of the checks, the last of which is that
the task stands in the proposal's own words: held by a schema even a tiny policy yields a task
most times, and the wording is what a program would otherwise have to do.

Critic, adversary and judge are detectors: they are shown as many bad items as sound ones, and
are right where they speak up at a bad one and stay silent at a sound one, so that who always
cries, or never does, is right about half of them and gains nothing by changing from one to
the other.

The test is McNemar's (1947), exact and one-sided, as in the gate. With items of two kinds
the wins are no longer of one chance each; the binomial tail bounds theirs all the same
(Hoeffding, 1956). A detector must also be above a floor, however poor the holder is: what it
finds among the bad must be more than what it cries at among the sound by Fisher's exact test
(1922). A judge that ties with chance never sits. A generator's floor is its holder: whatever
it words itself, it must not yield fewer tasks beyond chance.

The chance of a false seating is spent over the exams of a session as the gate spends its
own, and each exam's share is divided by the seats that may be earned (Bonferroni), so that
all rounds and roles together stay under alpha.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

from noria.evaluators.gate import sign_test, spend
from noria.types import Role, RoleExam

FOUND, ALARMS = "found", "false alarms"
"""What a detector's exam counts besides: of the bad items and of the sound ones."""

FLOOR = 0.05
"""Level of Fisher's test that a detector tells bad from sound."""

MEASURES: Mapping[Role, str] = {
    "generator": "yield",
    "critic": "faulty and sound wordings told apart",
    "adversary": "weak and sound candidates told apart",
    "judge": "agreement with executed truth",
}
"""What each role's exam measures, in words."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How one side did on one item."""

    right: bool
    marks: Mapping[str, bool]
    """Further things that this item counts towards, and whether they are so."""
    passed: int = 0
    """How many checks a proposal passed."""

    @property
    def score(self) -> int:
        """What is compared on one item."""
        return self.passed or int(self.right)


def detected(bad: bool, cried: bool | None) -> Answered:
    """A detector's answer to a bad or to a sound item; one that cannot be read is wrong, and no cry."""
    return Answered(cried is not None and cried == bad, {FOUND if bad else ALARMS: bool(cried)})


def level(alpha: float, number: int, seats: int) -> float:
    """What the p-value of one seat must stay under in the session's exam of this number, counted from 1."""
    return spend(alpha, number) / seats


def fisher(found: int, bad: int, alarms: int, sound: int) -> float:
    """One-sided exact p of Fisher's test: chance of `found` or more of the bad, were all cries spread at random."""
    cries = found + alarms
    ways = sum(comb(bad, k) * comb(sound, cries - k) for k in range(found, min(bad, cries) + 1))
    return ways / comb(bad + sound, cries)


def under_floor(holder: Sequence[Answered], student: Sequence[Answered]) -> str:
    """Why the student must not sit though it won, empty where it may."""
    marks = marked(student)
    if FOUND in marks and ALARMS in marks:
        (found, bad), (alarms, sound) = marks[FOUND], marks[ALARMS]
        p = fisher(found, bad, alarms, sound)
        told = f"{found} of {bad} found, {alarms} of {sound} false alarms, p = {p:.2g}"
        return f"it does not tell bad from sound: {told}" if p >= FLOOR else ""
    pairs = list(zip(holder, student, strict=True))
    fewer = sign_test(
        sum(one.right > two.right for one, two in pairs), sum(two.right > one.right for one, two in pairs)
    )
    return f"its yield is less, p = {fewer:.2g}" if fewer < FLOOR else ""


def marked(answers: Sequence[Answered]) -> dict[str, tuple[int, int]]:
    """Each mark: how many items have it, of how many that count towards it."""
    counts: dict[str, tuple[int, int]] = {}
    for name, so in (mark for one in answers for mark in one.marks.items()):
        had, of = counts.get(name, (0, 0))
        counts[name] = had + so, of + 1
    return counts


def compared(
    number: int, role: Role, holder: tuple[str, Sequence[Answered]], student: tuple[str, Sequence[Answered]],
    alpha: float,
) -> RoleExam:  # fmt: skip
    """The exam's outcome from both sides' answers to the same items, in the same order."""
    pairs = list(zip(holder[1], student[1], strict=True))
    wins, losses = sum(two.score > one.score for one, two in pairs), sum(one.score > two.score for one, two in pairs)
    right = sum(one.right for one, _ in pairs), sum(two.right for _, two in pairs)
    p = sign_test(wins, losses)
    why = f"{MEASURES[role]} {right[1]} of {len(pairs)} against {right[0]}, {wins} won, {losses} lost, p = {p:.2g}"
    why += f" under {alpha:.2g}" if p < alpha else f", needed under {alpha:.2g}"
    if not pairs:
        why = "there is nothing to examine it on"
    low = under_floor(holder[1], student[1])
    if p < alpha and low:
        why += f"; but {low}"
    return RoleExam(
        round=number, role=role, holder=holder[0], student=student[0], items=len(pairs), holder_right=right[0],
        student_right=right[1], wins=wins, losses=losses, p_value=p, alpha=alpha, holder_marks=marked(holder[1]),
        student_marks=marked(student[1]), seated=p < alpha and not low, why=why,
    )  # fmt: skip
