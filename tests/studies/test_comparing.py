"""What a study says of an arm: known differences, intervals that hold, and nothing where nothing is known."""

from random import Random

import numpy
import pytest
from numpy.typing import NDArray

from noria.studies.comparing import compare, paired
from noria.studies.measures import Measures


class Words:
    """Embeds a text as its words' places in a small space: enough for a set to have a spread."""

    def embed(self, texts: list[str]) -> NDArray[numpy.float32]:
        rows = numpy.zeros((len(texts), 16), dtype=numpy.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row[sum(word.encode()) % 16] += 1
        unit: NDArray[numpy.float32] = rows / numpy.maximum(numpy.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return unit


def session(
    arm: str, seed: int, *, accepted: int = 50, tokens: int = 5000, student: int = 30, **more: object
) -> Measures:
    texts = tuple(f"task {number} of {arm} says {number * 7}" for number in range(accepted))
    facts = {
        "arm": arm, "seed": seed, "episodes": 100, "accepted": accepted, "proved": 40, "right": 40, "items": 80,
        "base_right": 20, "student_right": student, "promoted": 1, "tokens": tokens, "seconds": 9.0, "texts": texts,
    }  # fmt: skip
    return Measures.model_validate(facts | more)


def test_an_arm_is_held_against_the_whole_recipe_in_pairs_of_seeds() -> None:
    found = [session("whole", seed, accepted=60 + seed, student=40) for seed in (1, 2, 3)]
    found += [session("without ifd", seed, accepted=30 + seed, student=30 + seed) for seed in (1, 2, 3)]
    told = compare(found, ["whole", "without ifd"], Words())
    whole, without = told.rows["whole"], told.rows["without ifd"]
    assert whole["yield"].value == pytest.approx(186 / 300)
    assert whole["yield"].difference is None
    assert without["yield"].difference == pytest.approx(-0.3)
    assert without["yield"].low is not None
    assert without["yield"].low < -0.3 < (without["yield"].high or 0)
    assert without["yield"].beyond
    assert without["exam_gain"].difference == pytest.approx(-8 / 80)
    assert without["tokens"].difference == pytest.approx(
        sum(5000 / (30 + seed) - 5000 / (60 + seed) for seed in (1, 2, 3)) / 3
    )
    assert told.sizes == {1: 31, 2: 32, 3: 33}  # diversity is compared at the same number of texts
    assert told.alone == []


def test_an_arm_that_failed_everywhere_is_told_as_not_comparable() -> None:
    told = compare([session("whole", 1)], ["whole", "without ifd"], Words())
    assert told.alone == ["without ifd"]
    assert told.rows["without ifd"]["yield"].value is None


def test_one_pair_gives_a_difference_and_no_interval() -> None:
    told = compare([session("whole", 1), session("without ifd", 1, student=20)], ["whole", "without ifd"], Words())
    cell = told.rows["without ifd"]["exam_gain"]
    assert cell.difference == pytest.approx(-10 / 80)
    assert (cell.low, cell.high, cell.beyond) == (None, None, False)


def test_a_session_that_trained_nobody_has_no_gain() -> None:
    told = compare(
        [session("whole", 1), session("without ifd", 1, items=0, base_right=0, student=0)], ["whole", "without ifd"],
        Words(),
    )  # fmt: skip
    assert told.rows["without ifd"]["exam_gain"].value is None
    assert told.rows["without ifd"]["exam_gain"].difference is None


def test_paired_differences_have_the_interval_of_the_textbook() -> None:
    found = paired([1.0, 2.0, 3.0])
    assert found is not None
    assert found.value == 2.0
    assert found.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-4)
    assert found.p == pytest.approx(0.0741799, abs=1e-6)
    same = paired([0.5, 0.5])
    assert same is not None
    assert (same.low, same.high, same.p) == (0.5, 0.5, 0.0)
    assert paired([]) is None


def test_intervals_hold_a_true_difference_and_seldom_see_one_where_none_is() -> None:
    rng, held, seen = Random(1), 0, 0
    for _ in range(400):
        effect = paired([0.1 + rng.gauss(0, 0.05) for _ in range(3)])
        nothing = paired([rng.gauss(0, 0.05) for _ in range(3)])
        assert effect is not None
        assert nothing is not None
        held += effect.low <= 0.1 <= effect.high
        seen += nothing.p < 0.05
    assert 0.92 <= held / 400 <= 0.98
    assert seen / 400 <= 0.08
