"""A coreset stands for what it was drawn from: its strata, its mean, and as far as an exam tells, its score."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest

from noria.errors import ConfigError
from noria.identity import stream
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.training.export.coreset import must_be_smaller, shown, standing
from noria.training.selecting.coreset import FLOOR, drawn, herded, learnability, shared, stratum
from noria.types import Sample
from tests.cli.shell import right

EMBEDDER = StaticEmbedder()


def embed(texts: Sequence[str]) -> Any:
    return EMBEDDER.embed(list(texts))


def accepted(story: History) -> list[Sample]:
    return story.samples(role="solver")


def test_every_stratum_has_a_place_while_there_are_places(story: History) -> None:
    whole = accepted(story)
    strata = Counter(stratum(one) for one in whole)
    size = len(strata) + 3
    kept = set(drawn(whole, size, embed))
    assert len(kept) == size < len(whole)
    assert {stratum(one) for one in whole if one.id in kept} == set(strata)
    assert drawn(list(reversed(whole)), size, embed) == sorted(kept)


def test_places_go_where_there_is_more_to_learn_and_never_beyond_a_room() -> None:
    assert shared(10, [9.0, 1.0], [100, 100]) == [9, 1]
    assert shared(10, [9.0, 1.0], [3, 100]) == [3, 7]
    assert shared(2, [1.0, 3.0, 2.0], [5, 5, 5]) == [0, 1, 1]
    assert shared(50, [1.0, 1.0], [2, 3]) == [2, 3]
    for size in range(1, 40):
        assert sum(shared(size, [0.3, 5.0, 1.1, 0.15], [4, 9, 20, 7])) == min(size, 40)


def test_learnability_is_highest_where_the_solver_is_undecided(story: History) -> None:
    rates = {one.provenance.solve_rate: learnability(one) for one in accepted(story)}
    assert rates[0.0] == FLOOR
    assert all(weight > FLOOR for rate, weight in rates.items() if 0 < rate < 1)


def test_herded_rows_follow_the_mean_of_all_closer_than_rows_drawn_at_random(story: History) -> None:
    whole = accepted(story)
    vectors = embed([one.messages[-2].content for one in whole])
    weights = numpy.array([learnability(one) for one in whole])
    mean = numpy.average(vectors, axis=0, weights=weights)

    def gap(rows: list[int]) -> float:
        return float(numpy.linalg.norm(vectors[rows].mean(axis=0) - mean))

    count, rng = len(whole) // 4, stream("random rows")
    at_random = sorted(gap(rng.sample(range(len(whole)), count)) for _ in range(40))
    taken = herded(vectors, weights, count)
    assert len(set(taken)) == count
    assert gap(taken) < at_random[0]


def test_both_trainings_are_shown_as_many_rows(story: History) -> None:
    whole = standing(story, lambda sample, episode: "")
    rows = shown(whole[:4], 10, "few")
    assert len(rows) == len(shown(whole, 10, "many")) == 10
    assert sorted(Counter(one.sample for one in rows).values()) == [2, 2, 3, 3]


def test_what_is_stained_is_not_its_source(story: History) -> None:
    whole = standing(story, lambda sample, episode: "unclean" if episode.domain == "arithmetic" else "")
    assert whole
    assert "arithmetic" not in {one.provenance.domain for one in whole}
    with pytest.raises(ConfigError, match=f"no smaller than its source, {len(whole)} answers"):
        must_be_smaller(len(whole), len(whole), Path("s"))


def test_the_command_writes_rows_and_holds_the_same_exam_for_both(played: Path, tmp_path: Path) -> None:
    out = tmp_path / "coreset.jsonl"
    words = ("coreset", played, "--size", "9", "--out", out, "--examine", "--rows", "24", "--items", "4", "--json")
    said = json.loads(right(*words))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == said["size"] == 9 < said["source"]
    assert {tuple(part["role"] for part in (*one["prompt"], *one["completion"])) for one in rows} == {
        ("system", "user", "assistant")
    }
    assert said["exam"]["items"] == 16
    assert said["exam"]["low"] <= said["exam"]["difference"] <= said["exam"]["high"]
    assert "on the coreset" in said["exam"]["said"]
