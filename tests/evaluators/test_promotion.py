"""What a student must show: each demand alone, and that no strength buys a weakness."""

from math import comb, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.config import ExamRules
from noria.evaluators.bounds import detectable, items_needed, loss_bound, mean_bound, power, t_quantile, wins_needed
from noria.evaluators.gate import sign_test, spend
from noria.evaluators.passages import passages
from noria.evaluators.probation import stays
from noria.evaluators.promotion import by_domain, demands, form, frozen, promote, prose, seen
from noria.evaluators.simulated import KINDS, play
from noria.types import Demand, ExamItem
from tests import build

COUNTS = st.integers(0, 60)


def item(parent: bool, student: bool, said: str = "3", was: str = "3", domain: str = "a", **changes: Any) -> ExamItem:
    task = build.task(domain=domain)
    return ExamItem(task=task, parent=was, student=said, parent_passed=parent, student_passed=student, **changes)


def pairs(wins: int, losses: int, items: int) -> list[ExamItem]:
    return [item(False, True)] * wins + [item(True, False)] * losses + [item(True, True)] * (items - wins - losses)


def test_known_values_of_the_bounds() -> None:
    # Student's table: one-sided 95 % for 1, 11 and 30 degrees of freedom.
    assert [round(t_quantile(0.95, freedom), 3) for freedom in (1, 11, 30)] == [6.314, 1.796, 1.697]
    assert t_quantile(0.95, 5000) == pytest.approx(1.645, abs=1e-3)
    assert mean_bound([1.0, 2.0, 3.0], 0.05) == pytest.approx(2 + 2.9200 / sqrt(3), abs=1e-3)
    # Where no pair differs Tango's bound is that of z² / (n + z²).
    z = 1.6448536
    assert loss_bound(0, 0, 60, 0.05) == pytest.approx(-z * z / (60 + z * z), abs=1e-6)
    assert loss_bound(0, 0, 0, 0.05) == -1
    # Tango (1998), table I: 44 patients, 43 and 0 agree, 1 only by one method: -0.027 to 0.118 at two-sided 95 %.
    assert -loss_bound(0, 1, 44, 0.025) == pytest.approx(0.118, abs=2e-3)


@given(COUNTS, COUNTS, COUNTS)
def test_the_loss_bound_lies_below_what_was_seen_and_rises_with_every_win(wins: int, losses: int, rest: int) -> None:
    items = wins + losses + rest + 1
    bound = loss_bound(wins, losses, items, 0.05)
    assert -1 <= bound <= (wins - losses) / items
    assert loss_bound(wins, losses, items, 0.01) <= bound + 1e-9
    assert loss_bound(wins + 1, losses, items, 0.05) >= bound - 1e-9
    assert loss_bound(wins, losses, items * 2, 0.05) <= 1


@given(st.integers(0, 200), st.sampled_from([0.05, 0.03, 0.0076]))
def test_the_wins_needed_are_the_fewest_that_pass(many: int, alpha: float) -> None:
    needed = wins_needed(many, alpha)
    assert needed == many + 1 or sign_test(needed, many - needed) < alpha
    assert needed == 0 or sign_test(needed - 1, many - needed + 1) >= alpha or needed > many


def test_power_is_that_of_the_exact_test_and_its_inverses_agree() -> None:
    # Every pair told apart and won: sure once five are needed; none told apart: never.
    assert power(5, 1.0, 1.0, 0.05) == pytest.approx(1.0)
    assert power(4, 1.0, 1.0, 0.05) == 0
    assert power(100, 0.0, 0.0, 0.05) == 0
    # Without a gain the chance is the level, or less.
    assert 0.02 < power(160, 0.0, 0.2, 0.05) <= 0.05
    assert power(160, 0.1, 0.2, 0.03) == pytest.approx(0.80, abs=0.02)
    gain = detectable(160, 0.2, 0.03)
    assert power(160, gain, 0.2, 0.03) >= 0.8 > power(160, gain - 0.01, 0.2, 0.03)
    needed = items_needed(0.05, 0.2, 0.03)
    assert power(needed, 0.05, 0.2, 0.03) >= 0.8 > power(int(needed * 0.93), 0.05, 0.2, 0.03)
    told = seen(12, 4, 160, 0.05, 0.03)
    assert told.discordant == 0.1
    assert told.detectable < 0.1
    assert told.items > 160


@given(COUNTS, COUNTS, st.floats(0.001, 0.2))
def test_one_more_win_never_keeps_a_student_out(wins: int, losses: int, alpha: float) -> None:
    def said(wins: int) -> bool:
        return promote(demands(wins, losses, alpha, ()))[0]

    assert said(wins + 1) >= said(wins)
    assert said(wins) == (sign_test(wins, losses) < alpha)


@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_a_student_is_promoted_where_every_demand_is_met_and_told_what_failed(met: list[bool]) -> None:
    names: Any = ("gain", "domains", "frozen", "prose", "form")
    found = [Demand(name=name, met=yes, said=f"about {name}") for name, yes in zip(names, met, strict=True)]
    promoted, why = promote(found)
    assert promoted == all(met)
    if not promoted:
        assert {name for name in names if f"about {name}" in why} == {one.name for one in found if not one.met}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=5))
def test_no_gain_buys_a_domain(counts: list[tuple[int, int]]) -> None:
    items = [
        one.model_copy(update={"task": build.task(domain=f"d{at}")})
        for at, (wins, losses) in enumerate(counts)
        for one in pairs(wins, losses, wins + losses)
    ]
    if not items:
        return
    found = by_domain(items, 0.05)
    wins, losses = sum(one for one, _ in counts), sum(one for _, one in counts)
    promoted, _ = promote(demands(wins, losses, 0.05, found))
    assert not (promoted and any(one.significantly_worse for one in found))
    bonferroni = [one.worse_p <= 0.05 / len(found) for one in found]
    assert all(one.significantly_worse for one, sure in zip(found, bonferroni, strict=True) if sure)


def demand(name: str, **evidence: Any) -> Demand:
    found = demands(20, 2, 0.03, (), evidence.get("lost"), evidence.get("read"), evidence.get("shape"))
    return next(one for one in found if one.name == name)


def test_a_loss_on_the_frozen_items_keeps_out_and_too_few_of_them_say_so() -> None:
    assert frozen([], 0.1, 0.05) is None
    assert not demand("frozen").asked
    assert demand("frozen", lost=frozen(pairs(5, 3, 60), 0.1, 0.05)).met
    lost = demand("frozen", lost=frozen(pairs(2, 9, 60), 0.1, 0.05))
    assert not lost.met
    assert "a loss of 10% on the frozen items is not ruled out" in lost.said
    few = demand("frozen", lost=frozen(pairs(0, 0, 8), 0.1, 0.05))
    assert not few.met
    assert "8 items cannot show more" in few.said


def test_a_student_that_reads_general_text_worse_is_kept_out() -> None:
    base = [3.4, 3.9, 4.0, 4.6, 3.6, 3.7]
    same = demand("prose", read=prose(base, base, 0.25, 0.05))
    assert same.met
    assert "1.000 times the base's" in same.said
    worse = demand("prose", read=prose(base, [nats + 0.4 for nats in base], 0.25, 0.05))
    assert not worse.met
    assert "general text is read worse" in worse.said
    # One passage that is read far worse is noise enough not to rule the margin out.
    assert not demand("prose", read=prose(base, [*base[:-1], base[-1] + 1.5], 0.25, 0.05)).met


def test_a_verbose_student_is_kept_out_and_one_that_says_what_is_needed_is_not() -> None:
    long, short = "x" * 200, "x" * 20
    verbose = form([item(False, True, long, short, right_length=20)] * 20, 0.05)
    assert "verbose" in demand("form", shape=verbose).said
    whole = form([item(False, True, long, short, right_length=200)] * 20, 0.05)
    assert demand("form", shape=whole).met
    cut = form([item(False, True, student_cut=True)] * 6 + [item(True, True)] * 20, 0.05)
    assert "more answers are cut" in demand("form", shape=cut).said
    assert demand("form", shape=form([item(True, True, student_cut=True, parent_cut=True)] * 9, 0.05)).met


def test_a_promoted_student_stays_while_its_gain_does() -> None:
    assert stays((26, 5), (8, 2), spent=0.03, alpha=0.05)[0]
    assert stays((26, 5), (4, 4), spent=0.03, alpha=0.05)[0]
    gone = stays((14, 5), (4, 6), spent=0.03, alpha=0.05)
    assert not gone[0]
    assert "the gain is gone" in gone[1]
    worse = stays((60, 0), (2, 12), spent=0.03, alpha=0.05)
    assert not worse[0]
    assert "significantly worse" in worse[1]
    bad = by_domain([item(True, False, domain="b")] * 9, 0.05)
    assert "worse in b over both exams" in stays((60, 9), (20, 0), bad, spent=0.03, alpha=0.05)[1]


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_one_more_win_never_ends_a_stay(won: int, lost: int, wins: int, losses: int) -> None:
    before = stays((won, lost), (wins, losses), spent=0.03, alpha=0.05)[0]
    assert stays((won, lost), (wins + 1, losses), spent=0.03, alpha=0.05)[0] >= before


def test_the_passages_are_several_and_each_names_its_source() -> None:
    assert len(passages()) == 12
    assert len({source for source, _ in passages()}) == 12
    for source, text in passages():
        assert any(year in source for year in ("18",))
        assert 150 < len(text) < 600
        assert "\n" not in text


def within(count: int, trials: int, level: float) -> bool:
    """Whether so many of so many are no proof against a chance of `level` at most; errs once in ten thousand."""
    return count <= level * trials + 3.8 * sqrt(level * (1 - level) * trials) + 1


@pytest.mark.parametrize("name", ["null", "null, noisy", "null, weak parent", "degraded", "memorising"])
def test_the_gate_promotes_no_more_students_that_are_no_better_than_it_says(name: str) -> None:
    tally = play(KINDS[name], 40, ExamRules(), name=name)
    assert tally.exams == 120
    assert within(tally.promoted, tally.sessions, 0.05)


def test_the_gate_refuses_the_verbose_and_the_forgetful_for_their_reason_and_lets_the_better_in() -> None:
    for name, reason in (
        ("verbose, better", "form"),
        ("forgets prose, better", "prose"),
        ("forgets a domain, better", "domains"),
    ):
        tally = play(KINDS[name], 15, ExamRules(), rounds=1, name=name)
        assert within(tally.promoted, tally.sessions, 0.05)
        assert tally.refused[reason] >= 14  # type: ignore[index]
    better = play(KINDS["better by 20"], 20, ExamRules(), rounds=2, name="better")
    assert better.promoted >= 19
    assert better.kept >= 18
    assert play(KINDS["null"], 5, ExamRules(), name="a") == play(KINDS["null"], 5, ExamRules(), name="a")


def test_all_rounds_together_spend_no_more_than_the_session_has() -> None:
    assert sum(spend(0.05, number) for number in range(1, 3000)) < 0.05


def chances(whole: int, share: float) -> list[float]:
    return [comb(whole, part) * share**part * (1 - share) ** (whole - part) for part in range(whole + 1)]


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(-0.5, 0.5), st.floats(0.0, 1.0), st.sampled_from([0.05, 0.01, 0.003]))
def test_power_is_the_chance_that_the_sign_test_sees_it(items: int, gain: float, share: float, alpha: float) -> None:
    share = max(share, abs(gain))
    win = (share + gain) / (2 * share) if share else 0.0
    sees = [
        sum(one for wins, one in enumerate(chances(pairs, win)) if sign_test(wins, pairs - wins) < alpha)
        for pairs in range(items + 1)
    ]
    expected = sum(one * sees[pairs] for pairs, one in enumerate(chances(items, share))) if share else 0.0
    assert power(items, gain, share, alpha) == pytest.approx(expected, abs=1e-6)
