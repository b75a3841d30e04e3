"""How texts and configs differ: nothing is lost of either side, and what changed is what is marked."""

from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.differing import Line, Part, lines, paired, settings

texts = st.lists(st.text(alphabet="ab {}\u202e", max_size=8), max_size=8).map("\n".join)


def said(found: list[Line], *kinds: str) -> list[str]:
    return ["".join(part.text for part in one.parts) for one in found if one.kind in kinds]


@given(texts, texts)
def test_both_texts_stand_in_their_difference(old: str, new: str) -> None:
    found = lines(old, new)
    assert said(found, "kept", "gone") == old.splitlines()
    assert said(found, "kept", "come") == new.splitlines()
    assert [one.old for one in found if one.old] == list(range(1, len(old.splitlines()) + 1))
    assert [one.new for one in found if one.new] == list(range(1, len(new.splitlines()) + 1))
    sides = paired(found)
    assert [one for one, _ in sides if one] == [one for one in found if one.kind in ("kept", "gone")]
    assert [one for _, one in sides if one] == [one for one in found if one.kind in ("kept", "come")]


@given(texts)
def test_a_text_differs_in_nothing_from_itself(text: str) -> None:
    assert {one.kind for one in lines(text, text)} <= {"kept"}
    assert not [one for one in lines(text, text, around=2) if one.kind not in ("kept", "more")]


def test_the_words_that_changed_are_marked() -> None:
    gone, come = lines("Write one new task as JSON.", "Write one short task as JSON.")
    assert gone.parts == (Part("Write one "), Part("new", True), Part(" task as JSON."))
    assert come.parts == (Part("Write one "), Part("short", True), Part(" task as JSON."))


def test_lines_with_nothing_in_common_change_whole() -> None:
    gone, come = lines("system:", "The quick brown fox")
    assert gone.parts == (Part("system:", True),)
    assert come.parts == (Part("The quick brown fox", True),)


def test_far_lines_are_counted_and_left_out() -> None:
    old = "\n".join(f"line {number}" for number in range(20))
    found = lines(old, old.replace("line 10", "row 10"), around=1)
    assert [one.kind for one in found] == ["more", "kept", "gone", "come", "kept", "more"]
    assert [said([one], "more") for one in (found[0], found[-1])] == [["9 lines as before"], ["8 lines as before"]]


def test_configs_differ_by_key() -> None:
    found = settings({"play": {"episodes": 24, "a": {}}, "x": None}, {"play": {"episodes": 25}, "x": None, "y": [1]})
    assert [(one.key, one.a, one.b) for one in found] == [
        ("play.a", "{}", None), ("play.episodes", "24", "25"), ("y", None, "[1]"),
    ]  # fmt: skip
