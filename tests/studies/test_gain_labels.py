"""What a training meets of the test: parameters are refused, solutions and words are struck."""

import random

import pytest

from noria.errors import SessionError
from noria.evaluators.registry import domains
from noria.identity import canonical_json, content_id
from noria.studies.gain.labels import met, share
from noria.studies.gain.outcomes import Asked, HeldOut, drawn
from noria.studies.gain.plan import SHORT, planned
from noria.types import Task

KNOWN, _ = domains({"arithmetic": (1, 2, 3), "text_ops": (1,)})


def task(domain: str = "arithmetic", instruction: str = "", **parameters: object) -> Task:
    kind = KNOWN[domain]
    point = kind.point(parameters)
    said = instruction or kind.phrase(point, random.Random(1))
    own = point.model_dump(mode="json")
    return Task(
        id=content_id("task", [own, said]), domain=domain, skill=str(own["skill"]), level=1, parameters=own,
        instruction=said, worded_by="program", grounding=kind.ground(point),
    )  # fmt: skip


TEST = HeldOut(
    items=tuple(
        Asked(task=one, part="seen")
        for one in (
            task(skill="add", a=31, b=46), task(skill="subtract", a=70, b=12),
            task("text_ops", skill="reverse", words=("apple", "river", "stone")),
        )
    )
)  # fmt: skip


def test_the_parameters_of_an_item_may_never_have_been_learned() -> None:
    with pytest.raises(SessionError, match=r"The test overlaps the training: item 0"):
        met(TEST, [task(skill="add", a=31, b=46)], KNOWN)


def test_a_solution_in_other_words_strikes_its_item_and_a_neighbour_does_not() -> None:
    assert met(TEST, [task(skill="add", a=46, b=31)], KNOWN) == {0: "its solution"}
    assert met(TEST, [task(skill="add", a=46, b=32), task(skill="subtract", a=12, b=70)], KNOWN) == {}


def test_the_words_of_an_item_strike_it_whatever_the_parameters_say() -> None:
    words = TEST.items[2].task.instruction
    found = met(TEST, [task("text_ops", words, skill="sort", words=("river", "apple", "stone"))], KNOWN)
    assert list(found) == [2]
    assert found[2].startswith("its words")


def test_a_share_is_of_what_could_be_told() -> None:
    assert share(["11?0", "?"]) == pytest.approx(2 / 3)
    assert share(["??"]) is None
    assert share([]) is None


def test_a_short_study_asks_nothing_that_the_full_one_asks() -> None:
    whole, short = planned({}), planned({"short": True, "seeds": [1], "scale": SHORT.model_dump()})
    kinds = domains(dict.fromkeys((*whole.learned, *whole.unseen), (1, 2, 3)))[0]
    asked = [
        {(one.task.domain, canonical_json(one.task.parameters)) for one in drawn(plan, kinds).items}
        for plan in (whole, short)
    ]
    assert len(asked[0]) > 1000
    assert len(asked[1]) > 150
    assert not asked[0] & asked[1]
