"""Plans: what they are made of, that ranges hold what they say, and what is refused."""

from typing import get_args

import numpy
import pytest

from noria.errors import ConfigError
from noria.planning.expecting import share
from noria.planning.hardware import SESSION, machine, table
from noria.planning.notes import MANY, different, holds
from noria.planning.plan import STAGES, foresee
from noria.planning.profile import SHIPPED, Profile, read
from noria.planning.rates import Figure, rates, split

PROFILE = read(SHIPPED)


def changed(**changes: object) -> Profile:
    return Profile.model_validate(PROFILE.model_dump() | changes)


@pytest.mark.parametrize(
    ("asked", "name", "count"), [("h100x8", "h100", 8), ("cpu2", "cpu2", 1), (" RTX4090x2 ", "rtx4090", 2)]
)
def test_a_machine_is_named_by_its_kind_and_how_many(asked: str, name: str, count: int) -> None:
    found = machine(asked)
    assert (found.name, found.count) == (name, count)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("h10x8", "The hardware 'h10x8' is unknown; did you mean `h100`?"),
        ("abacus", "The hardware 'abacus' is unknown. Known are cpu2, l4"),
        ("h100x0", "is none at all"),
        ("", "is unknown"),
    ],
)
def test_hardware_that_is_unknown_is_named_with_what_is_known(asked: str, said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        machine(asked)
    assert said in str(fault.value)
    assert SESSION in str(fault.value) or "none at all" in str(fault.value)


def test_every_figure_of_a_plan_says_where_it_is_from() -> None:
    kinds = get_args(Figure.model_fields["kind"].annotation)
    for name in table().hardware:
        plan = foresee(PROFILE, 1000, machine(name))
        for one in (*plan.figures, plan.price):
            assert one.kind in kinds
            assert len(one.source) > 5, one
            assert one.low <= one.high
    assert foresee(PROFILE, 10, machine("h100"), price=2.0).price.kind == "given"


def test_decoding_is_bound_by_bandwidth_and_training_by_arithmetic() -> None:
    random = numpy.random.default_rng(1)
    one = rates(machine("h100"), PROFILE, 8e9, random, 2000)
    # By hand: 256 requests share one reading of 16 GB; 3.35 TB/s reached to 50 to 80 %, and 2 to 6 ms besides.
    least, most = 256 / (16e9 / (0.5 * 3.35e12) + 0.006), 256 / (16e9 / (0.8 * 3.35e12) + 0.002)
    assert 0.6 * least < numpy.median(one.completion) < most
    # 4·P operations a token at 15 to 40 % of 989 TFLOP/s.
    assert one.train.min() == pytest.approx(0.15 * 989e12 / 32e9, rel=0.02)
    assert one.train.max() == pytest.approx(0.4 * 989e12 / 32e9, rel=0.02)
    # A large model is slower, and many devices are as many times as fast.
    many = rates(machine("h100x8"), PROFILE, 8e9, random, 2000)
    assert numpy.median(many.completion) == pytest.approx(8 * numpy.median(one.completion), rel=0.05)
    larger = rates(machine("h100"), PROFILE, 16e9, random, 2000)
    assert numpy.median(larger.completion) < numpy.median(one.completion)


def test_a_model_is_split_over_the_fewest_devices_that_hold_it() -> None:
    assert split(machine("h100x8"), 8e9) == 1
    assert split(machine("h100x8"), 70e9) == 4
    with pytest.raises(
        ConfigError, match=r"takes 140 GB and does not fit on 1 of l4 with 24 GB each. Plan with `l4x8`"
    ):
        foresee(PROFILE, 1000, machine("l4"), parameters=70e9)


def test_a_plan_adds_up() -> None:
    plan = foresee(PROFILE, 1_000_000, machine("h100x8"), parameters=8e9, rounds=20)
    assert set(plan.stages) == set(STAGES)
    assert plan.episodes.mid == pytest.approx(1_000_000 / plan.acceptance.mid, rel=0.02)
    assert plan.money.mid == pytest.approx(plan.seconds.mid / 3600 * 8 * 2.69, rel=0.01)
    for one in (plan.acceptance, plan.episodes, plan.prompt_tokens, plan.seconds, plan.money, plan.disk):
        assert 0 < one.low < one.mid < one.high
    dearer = foresee(PROFILE, 1_000_000, machine("h100x8"), parameters=8e9, rounds=20, price=26.9)
    assert dearer.money.mid == pytest.approx(10 * plan.money.mid, rel=0.01)
    assert dearer.seconds == plan.seconds


def test_the_stage_that_binds_follows_from_what_there_is_too_little_of() -> None:
    one = foresee(PROFILE, 1_000_000, machine("h100x8"))  # a tiny model on large machines
    assert one.binds == "schedule"
    assert any("executor: ray" in said for said in one.notes)
    many = foresee(PROFILE, 1_000_000, machine("h100x8"), processes=64)
    assert many.stages["schedule"].mid == pytest.approx(one.stages["schedule"].mid / 64, rel=0.01)
    assert many.binds != "schedule"
    assert foresee(PROFILE, 1_000_000, machine("h100x8"), parameters=30e9).binds in ("judge", "train")
    assert foresee(PROFILE, 10_000, machine("l4"), rounds=500).binds in ("examine", "start", "schedule")
    talkative = changed(seats={**PROFILE.model_dump()["seats"], "solve": {
        "calls": 1.0, "prompt": {"mean": 30.0, "sd": 1.0}, "completion": {"mean": 4000.0, "sd": 500.0}}})  # fmt: skip
    assert foresee(talkative, 1_000_000, machine("h100"), parameters=8e9).binds == "solve"


def test_fewer_episodes_measured_make_a_wider_range_that_holds_the_truth_nine_times_in_ten() -> None:
    random = numpy.random.default_rng(2)
    held = 0
    for _ in range(400):
        won = int(random.binomial(60, 0.3))
        low, high = numpy.quantile(share(changed(dealt=60, accepted=won), random, 800), (0.05, 0.95))
        held += low <= 0.3 <= high
    assert 0.86 <= held / 400 <= 0.95
    few = foresee(changed(dealt=14, accepted=11), 1000, machine("h100")).episodes
    many = foresee(PROFILE, 1000, machine("h100")).episodes
    assert few.high - few.low > 2 * (many.high - many.low)


def test_a_session_that_accepted_nothing_is_no_ground_for_a_plan() -> None:
    with pytest.raises(ConfigError, match="nothing was accepted"):
        foresee(changed(accepted=0), 10, None)
    with pytest.raises(ConfigError, match="has no seconds of its own machine"):
        foresee(changed(play_seconds=0.0), 10, None)


def test_duplicates_tell_how_many_tasks_there_are() -> None:
    random = numpy.random.default_rng(3)
    drawn = random.integers(0, 2000, 300)
    duplicates = 300 - len(set(drawn.tolist()))
    low, high = different(changed(compared=300, duplicates=duplicates), random)
    assert low < 2000 < high
    assert holds(300, 0.0) > MANY / 2
    said = foresee(changed(compared=300, duplicates=duplicates), 1_000_000, machine("h100")).notes
    assert any("they must be widened" in one for one in said)
