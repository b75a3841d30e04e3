"""Collapse: known values of the estimators, intervals that keep small rounds quiet, and who decides what."""

from math import comb, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.config import GUARDS, Guard, GuardName, SessionConfig
from noria.config.guards import TABLE
from noria.evaluators import collapse
from noria.evaluators.collapse import COOLED, FEWEST, GuardReading, Strata, change, decide, entropy, pass_at_k
from noria.evaluators.gate import wilson
from noria.identity import stream

RULE = Guard(bound=0.5, action="cool_down")


def test_pass_at_k_is_known() -> None:
    assert pass_at_k(4, 2, 1) == 0.5
    assert pass_at_k(4, 2, 2) == pytest.approx(1 - 1 / 6)
    assert pass_at_k(10, 3, 5) == pytest.approx(1 - comb(7, 5) / comb(10, 5))
    assert pass_at_k(4, 0, 4) == 0
    assert pass_at_k(4, 1, 4) == 1
    for k in (0, 5):
        with pytest.raises(ValueError, match="k is from"):
            pass_at_k(4, 2, k)


@given(st.integers(1, 12), st.data())
def test_pass_at_k_is_the_mean_over_every_choice_of_k(n: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k(n, right, 1) == pytest.approx(right / n)
    assert 0 <= pass_at_k(n, right, k) <= 1
    if k < n:
        assert pass_at_k(n, right, k) <= pass_at_k(n, right, k + 1)


def test_entropy_is_known() -> None:
    assert entropy(["7", "7 ", "7."]) == 0
    assert entropy(["1", "2", "3", "4"]) == pytest.approx(1)
    assert entropy(["a", "A", "b", "b"]) == pytest.approx(log(2) / log(4))
    assert entropy(["one"]) == entropy([]) == 0


def units(name: str, share: float, count: int, stratum: str = "sums/1") -> list[tuple[str, float]]:
    rng = stream(name)
    return [(stratum, float(rng.random() < share)) for _ in range(count)]


def test_a_change_is_taken_at_equal_levels() -> None:
    easy, hard = [("sums/1", 1.0)] * 30, [("sums/2", 0.0)] * 10
    first = Strata.of(easy + hard)
    now = Strata.of([("sums/1", 1.0)] * 10 + [("sums/2", 0.0)] * 30 + [("sums/3", 0.0)] * 9)
    found = change(now, first)
    assert found is not None
    # A plain mean fell from 0.75 to 0.2; at equal levels nothing changed.
    assert found.value == 1
    assert found.n == 40
    assert change(Strata.of([("sums/9", 1.0)]), first) is None
    assert change(now, Strata.of(hard)) is None


def test_few_tasks_are_watched_and_many_fire() -> None:
    first = Strata.of(units("first", 0.8, 200))
    for count, state in ((8, "watching"), (FEWEST - 1, "watching"), (150, "fired")):
        found = collapse.below("acceptance", RULE, change(Strata.of(units("now", 0.1, count)), first))
        assert found.state == state, count
        assert found.n == count
    # Half of the share is gone by luck: the value lies beyond the bound, its interval does not.
    near = collapse.below("acceptance", RULE, change(Strata.of([("sums/1", 1.0)] * 9 + [("sums/1", 0.0)] * 16), first))
    assert near.value is not None
    assert near.value < 0.5 < near.high
    assert near.state == "watching"


def test_nothing_that_did_not_change_fires() -> None:
    fired = 0
    for number in range(400):
        first, now = (Strata.of(units(f"{who}{number}", 0.5, 30)) for who in ("first", "now"))
        fired += collapse.below("acceptance", RULE, change(now, first)).state == "fired"
    assert fired == 0


def test_length_is_watched_on_both_sides() -> None:
    rule = Guard(bound=2.0, action="cool_down")
    first = Strata.of([("sums/1", 0.01 * n) for n in range(50)])
    for shift, state in ((log(4), "fired"), (-log(4), "fired"), (0.1, "ok")):
        now = Strata.of([("sums/1", shift + 0.01 * n) for n in range(50)])
        assert collapse.away("length", rule, change(now, first, logs=True)).state == state


def test_one_wrong_label_is_a_proof_and_a_bound_of_ones_own_holds() -> None:
    rule = Guard(bound=0.0, action="stop")
    assert collapse.labels(rule, 0, 60, "").state == "ok"
    assert collapse.labels(rule, 1, 60, "").state == "fired"
    assert collapse.labels(rule.model_copy(update={"bound": 0.05}), 1, 60, "").state == "ok"
    assert collapse.labels(rule, 0, 0, "").state == "watching"


def test_the_worst_verifier_is_the_reading_of_the_hacks() -> None:
    rule = Guard(bound=0.02, action="stop")
    assert collapse.hacks(rule, {}).state == "watching"
    assert collapse.hacks(rule, {"a": (0, 100), "b": (0, 50)}).state == "ok"
    assert collapse.hacks(rule, {"a": (0, 900), "b": (1, 100)}).state == "watching"
    found = collapse.hacks(rule, {"a": (0, 900), "b": (4, 56)})
    assert (found.state, found.n, found.figures["planted"]) == ("fired", 56, 956)
    assert found.low == wilson(4, 56)[0] > 0.02
    assert "b: 4 of 56" in found.says


def test_a_judge_that_lost_its_agreement_fires_and_a_noisy_one_does_not() -> None:
    rule = Guard(bound=0.2, action="cool_down")
    assert collapse.judge(rule, (0.1, 0.1), (0.9, 0.1), 36).state == "fired"
    assert collapse.judge(rule, (0.4, 0.3), (0.8, 0.3), 36).state == "watching"
    assert collapse.judge(rule, (0.9, 0.1), (0.1, 0.1), 36).state == "ok"
    assert collapse.judge(rule, (0.1, 0.1), (0.9, 0.1), FEWEST - 1).state == "watching"


def reading(guard: GuardName, action: Any, state: Any = "fired") -> GuardReading:
    return GuardReading(guard=guard, state=state, value=0.1, bound=0.5, action=action)


def test_the_gravest_action_is_taken_and_only_of_what_fired() -> None:
    cool, back, stop = reading("vendi", "cool_down"), reading("entropy", "step_back"), reading("labels", "stop")
    assert decide([], {}, True) == ("on", [])
    assert decide([reading("labels", "stop", "watching"), cool], {}, True) == ("cool_down", [cool])
    assert decide([cool, back], {}, True) == ("step_back", [back])
    assert decide([cool, back, stop], {}, True) == ("stop", [stop])
    assert decide([cool, back], {}, False) == ("cool_down", [cool, back])
    assert decide([cool], {"vendi": COOLED - 1}, True) == ("cool_down", [cool])
    assert decide([cool, back], {"vendi": COOLED}, True) == ("stop", [cool])
    assert decide([reading("vendi", "off")], {}, True) == ("on", [])


@given(st.lists(st.tuples(st.sampled_from(GUARDS), st.sampled_from(["cool_down", "step_back", "stop", "off"]))))
def test_a_decision_names_who_asked_for_it(fired: list[tuple[GuardName, Any]]) -> None:
    action, asking = decide([reading(*one) for one in fired], {}, True)
    assert bool(asking) == (action != "on")
    assert all(one.action == action for one in asking)


def test_the_table_is_whole_and_a_config_may_change_a_part_of_it() -> None:
    assert set(TABLE) == set(GUARDS)
    usual = SessionConfig().guards
    assert {name: rule.bound for name, rule in usual.items()} == {name: one.bound for name, one in TABLE.items()}
    own = SessionConfig.model_validate({"guards": {"vendi": {"bound": 0.3}, "labels": {"action": False}}}).guards
    assert own["vendi"] == Guard(bound=0.3, action=TABLE["vendi"].action)
    assert own["labels"].action == "off"
    assert own["spread"] == usual["spread"]
    assert {rule.action for rule in SessionConfig.model_validate({"guards": False}).guards.values()} == {"off"}
    assert SessionConfig.model_validate_json(SessionConfig().model_dump_json()).guards == usual
    with pytest.raises(ValueError, match="did you mean 'labels'"):
        SessionConfig.model_validate({"guards": {"lables": {}}})
