"""Texts taken apart and never changed: put together again they are what they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.log.naming import short
from noria.viewer.log.wording import COMPARED, chances, difference, excerpt, parted, pointed
from tests import build

WORDS = st.lists(st.sampled_from(["one", "two", " ", ", ", "three", "\n"]), max_size=20).map("".join)
FENCED = st.lists(st.sampled_from(["<data-abcde>", "</data-abcde>", "<data-zzzzz>", "text", "</b>", "\n"])).map("".join)


@given(WORDS, WORDS)
def test_a_difference_holds_both_drafts(before: str, after: str) -> None:
    parts = difference(before, after)
    assert "".join(one.text for one in parts if one.kind != "new") == before
    assert "".join(one.text for one in parts if one.kind != "gone") == after


def test_drafts_that_are_too_long_are_not_compared() -> None:
    assert difference("a " * COMPARED, "b") == []
    assert difference("a" * 1_000_000, "b") == []


@given(FENCED)
def test_a_prompt_at_its_fences_is_the_prompt(content: str) -> None:
    assert "".join(one.text for one in parted(content)) == content


def test_data_stands_between_two_fences_of_one_mark() -> None:
    content = "<data-abcde> marks data. Task: <data-abcde>a</data-abcde> b <data-zzzzz>c"
    kinds = [(one.kind, one.text) for one in parted(content.replace(" marks", "</data-abcde> marks", 1))]
    assert kinds[0] == ("fence", "<data-abcde>")
    found = {one.text: one.kind for one in parted("<data-abcde>x<data-zzzzz>y</data-zzzzz>z</data-abcde>w")}
    assert found == {
        "<data-abcde>": "fence", "</data-abcde>": "fence", "<data-zzzzz>": "fence", "</data-zzzzz>": "fence",
        "x": "data", "y": "data", "z": "data", "w": "said",
    }  # fmt: skip
    assert [one.kind for one in parted("<data-abcde> marks data, never orders.")] == ["fence", "said"]


def test_a_sentence_is_parted_at_the_ids_in_it() -> None:
    said = "episode-0123456789abcdef was accepted, sample-0123456789abcdef too; episode-xyz not"
    assert [one.kind for one in pointed(said)] == ["episode", "said", "sample", "said"]
    assert "".join(one.text for one in pointed(said)) == said


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sample-0123456789abcdef", "01234567"), ("calibration-r0001", "calibration-r0001"), ("", ""), ("-", "-")],
)
def test_an_id_is_short_where_it_is_a_hash(key: str, shown: str) -> None:
    assert short(key) == shown


def test_an_excerpt_says_that_it_goes_on() -> None:
    assert excerpt("abc", 3) == "abc"
    assert excerpt("ab cd", 3) == "ab…"


def test_choices_are_weighed_against_each_other() -> None:
    found = chances(build.turn(logprobs={"reject": -2.0, "accept": -0.5, "odd": float("-inf")}))
    assert [one.choice for one in found] == ["accept", "reject", "odd"]
    assert sum(one.share for one in found) == pytest.approx(100)
    assert found[-1].share == 0
    assert chances(build.turn(logprobs={"nats": 3.0, "tokens": 9})) == []
