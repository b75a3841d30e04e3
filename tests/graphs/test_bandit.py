"""The bandit over strategies: its core by simulation, its counts and beliefs on a ledger, its place in the wheel."""

import random
from pathlib import Path
from statistics import mean

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.config import SessionConfig
from noria.config.methods.meta import Bandit
from noria.graphs.believing import examine
from noria.graphs.meta import bandit
from noria.graphs.meta.thompson import Seen, gained, posterior, shares
from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.memory.beliefs import beliefs, keep_beliefs
from noria.memory.history import History
from noria.memory.learned import taught
from noria.memory.ledger import Ledger
from noria.types import Episode
from tests import build

RULES = Bandit(floor=0.1, draws=4)


def simulated(gains: dict[str, float], costs: dict[str, float], seed: int, rounds: int = 25) -> dict[str, float]:
    """The mean share of each arm in the last ten rounds, where a round gains what its arms gain by their shares."""
    rng, arms, seen, given = random.Random(seed), tuple(gains), list[Seen](), list[dict[str, float]]()
    for _ in range(rounds):
        believed = posterior(seen, arms, RULES.prior, RULES.noise)
        given.append(shares(believed, costs, arms, RULES.floor, RULES.draws, rng))
        gain = sum(gains[arm] * given[-1][arm] for arm in arms) + rng.gauss(0, 0.05)
        seen.append(Seen(given[-1], gain, 0.05))
    return {arm: mean(one[arm] for one in given[-10:]) for arm in arms}


def test_a_better_arm_is_dealt_more_and_equal_arms_evenly() -> None:
    even, cheap = {"": 1.0, "a": 1.0, "b": 1.0}, {"": 1.0, "a": 4.0, "b": 1.0}
    better = [simulated({"": 0.02, "a": 0.3, "b": 0.02}, even, seed) for seed in range(12)]
    assert mean(one["a"] for one in better) > 0.65
    dear = [simulated({"": 0.0, "a": 0.3, "b": 0.25}, cheap, seed) for seed in range(12)]
    assert mean(one["b"] for one in dear) > mean(one["a"] for one in dear) + 0.2, "as good for a quarter of the tokens"
    equal = [simulated({"": 0.1, "a": 0.1, "b": 0.1}, even, seed, rounds=12) for seed in range(40)]
    for arm in ("", "a", "b"):
        assert mean(one[arm] for one in equal) == pytest.approx(1 / 3, abs=0.09)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(-0.5, 0.5), st.floats(0.01, 0.3)), max_size=12),
    st.integers(1, 50), st.integers(0, 999),
)  # fmt: skip
def test_shares_add_up_keep_their_floor_and_beliefs_grow_narrower(
    rounds: list[tuple[float, float, float]], draws: int, seed: int
) -> None:
    seen = [Seen({"": share, "a": 1 - share}, gain, noise) for share, gain, noise in rounds]
    believed = posterior(seen, ("", "a"), 0.2, 0.03)
    assert numpy.all(numpy.diag(believed.covariance) <= 0.2**2 + 1e-12)
    found = shares(believed, {"a": 900.0}, ("", "a"), 0.15, draws, random.Random(seed))
    assert sum(found.values()) == pytest.approx(1)
    assert min(found.values()) >= 0.15 - 1e-9
    assert found == shares(believed, {"a": 900.0}, ("", "a"), 0.15, draws, random.Random(seed))


def test_one_round_sets_no_two_arms_apart_and_two_rounds_do() -> None:
    one = posterior([Seen({"": 0.5, "a": 0.5}, 0.4, 0.05)], ("", "a"), 0.2, 0.0)
    assert one.of("")[0] == pytest.approx(one.of("a")[0])
    two = posterior([Seen({"": 0.2, "a": 0.8}, 0.4, 0.02), Seen({"": 0.8, "a": 0.2}, 0.1, 0.02)], ("", "a"), 0.5, 0.0)
    assert two.of("a")[0] == pytest.approx(0.5, abs=0.03)
    assert two.of("")[0] == pytest.approx(0.0, abs=0.03)
    alone = posterior([Seen({"a": 1.0}, 0.3, 0.1)], ("a",), 0.2, 0.0).of("a")
    assert alone == pytest.approx((0.3 * 0.2**2 / (0.2**2 + 0.1**2), (1 / (1 / 0.2**2 + 1 / 0.1**2)) ** 0.5))


def test_the_gain_of_an_exam_has_the_noise_of_its_pairs() -> None:
    gain, noise = gained(30, 10, 100)
    assert gain == pytest.approx(0.2)
    assert noise == pytest.approx((41 - 4) ** 0.5 / 100)
    assert gained(0, 0, 40) == (0.0, 1 / 40)


async def held(history: History, number: int, strategies: dict[str, int], rows: dict[str, int], wins: int) -> None:
    """A round whose hands were dealt by strategies, whose student was taught rows of each, and its exam."""
    names = [name for name, count in strategies.items() for _ in range(count)]
    hands = [build.dealt(f"e{number}-{at}", round=number, position=at, strategy=name) for at, name in enumerate(names)]
    await history.keep_deal(number, hands)
    for at, hand in enumerate(hands):
        tokens = 100 if hand.strategy == "a" else 1000
        turn = build.turn(hand.episode)
        await history.keep_turn(turn.model_copy(update={"usage": turn.usage.model_copy(
            update={"prompt_tokens": tokens, "completion_tokens": 0})}))  # fmt: skip
        story = {"episode": hand.episode, "round": number, "strategy": hand.strategy}
        sample = build.sample(f"s{number}-{at:02}", asked=f"What is {number} + {at}?", **story)
        end = {"outcome": "accepted", "reason": "verified", "stage": "accepted", "sample": sample.id}
        ended = build.episode(hand.episode, round=number, position=at)
        await history.settle(Episode.model_validate({**ended.model_dump(), **end}), [sample])
    given = [
        f"s{number}-{at:02}"
        for name, count in rows.items()
        for at in [at for at, one in enumerate(names) if one == name][:count]
    ]
    student = build.policy(f"student-r{number:04}", round=number)
    await history.keep_policy(student, also=[taught(student.id, [*given, "seed-of-the-user"])])
    exam = build.exam(number, "policy-base", student.id).model_copy(update={"items": 40, "wins": wins, "losses": 2})
    await history.keep_exam(exam, [])


async def test_beliefs_follow_from_what_the_ledger_holds(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    for number, (own, wins) in enumerate([(2, 4), (8, 20), (3, 6)], 1):
        await held(history, number, {"a": 8, "": 8}, {"a": own, "": 10 - own}, wins)
        found = bandit.reckoned(history, number, ("", "a"), RULES, beliefs(history))
        await keep_beliefs(history, found)
    plain, a = [one for one in beliefs(history) if one.round == 2]
    assert (a.arm, a.dealt, a.accepted, a.tokens, a.rows, a.taught) == ("a", 8, 8, 800, 8, 0.8)
    assert (plain.tokens, plain.rows) == (8000, 2)
    assert plain.gain == pytest.approx(18 / 40)
    plain, a = [one for one in beliefs(history) if one.round == 3]
    assert a.cost == 100
    assert plain.cost == 1000
    assert a.mean > plain.mean, "the round that was taught mostly by it gained most"
    assert a.worth > 5 * plain.worth, "and it costs a tenth"
    assert a.low < a.mean < a.high
    ledger.close()


async def test_the_wheel_writes_beliefs_after_its_exam_once(tmp_path: Path) -> None:
    config = build.config(
        tmp_path, verifiers={"planted": 0}, judge={"calibration": 0}, roles={"items": 0},
        exam={"items": 8, "frozen": 0},
    )  # fmt: skip
    # There is no strategy to choose among here: the plain window is the only arm.
    config = config.model_copy(update={"methods": config.methods.model_copy(update={"bandit": Bandit()})})
    await run(config, build.means(config))
    async with opened(config, build.means(config), Watch()) as context:
        (first,) = beliefs(context.history)
        exam = context.history.exam(1)
        assert exam is not None
        assert (first.arm, first.taught, first.gain) == ("", 1.0, (exam.wins - exam.losses) / exam.items)
        assert first.tokens > 0
        assert first.accepted == sum(one.outcome == "accepted" for one in context.history.episodes(1))
        await examine(context, 1, exam.student)
        assert beliefs(context.history) == [first]
        assert bandit.shares(context, 2, Bandit()) == {"": 1.0}


def test_a_bandit_without_arms_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to choose among"):
        SessionConfig.model_validate({"methods": {"bandit": True}})
