from itertools import product
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators.gate import decide, holm, sign_test, spend, wilson
from noria.evaluators.promotion import by_domain, demands, promote
from noria.types import ExamItem, Reason, Ruling
from tests import build

RULINGS: tuple[Ruling, ...] = ("accept", "revise", "reject")
BOOLS = (True, False)


@pytest.mark.parametrize(("checked", "solved", "held", "ruling", "veto"), product(BOOLS, BOOLS, BOOLS, RULINGS, BOOLS))
def test_opinion_admits_nothing_that_evidence_refuses(
    checked: bool, solved: bool, held: bool, ruling: Ruling, veto: bool
) -> None:
    decision = decide(
        [build.check(checked)], [build.attempt(solved)], build.critique(), build.attack(held),
        build.verdict(ruling, veto), draft=1, max_drafts=2,
    )  # fmt: skip
    evidence = checked and solved and not held
    assert (decision.ruling == "accept") == (evidence and not (veto and ruling == "reject"))
    assert decision.evidence


def test_a_wish_for_another_draft_comes_last_and_is_bounded() -> None:
    def at(draft: int) -> str:
        return decide(
            [build.check()], [build.attempt()], build.critique(True), build.attack(), build.verdict(),
            draft=draft, max_drafts=2,
        ).ruling  # fmt: skip

    assert at(1) == "revise"
    assert at(2) == "accept"


def test_a_judge_without_a_veto_refuses_nothing() -> None:
    decision = decide(
        [build.check()], [build.attempt()], build.critique(), build.attack(), build.verdict("reject", veto=False),
        draft=1, max_drafts=1,
    )  # fmt: skip
    assert decision.reason is Reason.VERIFIED


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_binomial_tail(wins: int, losses: int) -> None:
    p = sign_test(wins, losses)
    assert 0 < p <= 1
    assert p + sign_test(losses, wins) == pytest.approx(1 + comb(wins + losses, wins) / 2 ** (wins + losses))


def test_known_values() -> None:
    assert sign_test(5, 0) == pytest.approx(1 / 32)
    assert sign_test(0, 0) == 1
    # Agresti and Coull (1998), 10 of 10 at 95 %: 0.722 to 1.
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
    assert holm([0.01, 0.04, 0.03], 0.05) == [True, False, False]
    assert holm([0.01, 0.02, 0.03], 0.05) == [True, True, True]


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_rejects_no_more_than_no_correction_and_no_less_than_bonferroni(ps: list[float]) -> None:
    rejected = holm(ps, 0.05)
    for p, bad in zip(ps, rejected, strict=True):
        assert bad <= (p <= 0.05)
        assert bad >= (p <= 0.05 / len(ps))


def test_all_rounds_together_spend_no_more_than_the_session_has() -> None:
    spent = [spend(0.05, number) for number in range(1, 10_000)]
    assert sum(spent) < 0.05
    assert spent == sorted(spent, reverse=True)


def test_no_gain_keeps_out_and_gain_promotes() -> None:
    assert promote(demands(9, 0, 0.03, ()))[0]
    promoted, why = promote(demands(3, 2, 0.03, ()))
    assert not promoted
    assert "no gain beyond noise: 3 won, 2 lost" in why


def item(domain: str, parent: bool, student: bool) -> ExamItem:
    changes: Any = {"domain": domain}
    return ExamItem(task=build.task(**changes), parent="", student="", parent_passed=parent, student_passed=student)


def test_a_gain_bought_with_a_domain_is_kept_out() -> None:
    items = [item("a", False, True)] * 40 + [item("b", True, False)] * 12
    found = by_domain(items, 0.05)
    assert [(one.domain, one.significantly_worse) for one in found] == [("a", False), ("b", True)]
    promoted, why = promote(demands(40, 12, 0.03, found))
    assert not promoted
    assert "worse in b" in why


def test_what_a_beaten_verifier_passes_is_refused_and_its_quarantine_is_the_reason() -> None:
    decision = decide(
        [build.check()], [build.attempt()], build.critique(), build.attack(), build.verdict(),
        draft=1, max_drafts=2, admits=False, beaten="odd@1 is quarantined",
    )  # fmt: skip
    assert (decision.ruling, decision.reason, decision.evidence) == ("reject", Reason.UNTRUSTED, "odd@1 is quarantined")
