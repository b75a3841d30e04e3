"""What templates do with values: figures for people, and text that nobody obeys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.rendering import Page, ago, figure, said, seconds, share, shown, tokens


@pytest.mark.parametrize(("span", "words"), [
    (None, "–"), (0.004, "0.00 s"), (0.5, "0.50 s"), (4.46, "4.5 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
    (184, "3 min 04 s"), (3599.7, "1 h 00 min"), (7500, "2 h 05 min"),
])  # fmt: skip
def test_a_span_of_time(span: float | None, words: str) -> None:
    assert seconds(span) == words


@pytest.mark.parametrize(
    ("count", "words"), [(None, "–"), (950, "950"), (9_999, "9\u202f999"), (12_345, "12.3k"), (4.5e6, "4.5M")]
)
def test_a_count_of_tokens(count: float | None, words: str) -> None:
    assert tokens(count) == words


def test_figures_shares_and_moments() -> None:
    assert (figure(1_234_567), figure(0.12345), figure(3.0), figure(None)) == ("1\u202f234\u202f567", "0.123", "3", "–")
    assert (share(0.126), share(0.1264, 1), share(None)) == ("13\u202f%", "12.6\u202f%", "–")
    assert [ago(0, now) for now in (3, 61, 3 * 3600, 86_400, 200_000)] == [
        "just now", "1 min ago", "3 h ago", "1 day ago", "2 days ago",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["\x1b[31mred", "\u202eabc", "\ud800", "a\x00b", "\u2066x\u2069", "\x9b2J", "\u200b", "\U000e0041", "\u2028"],
)
def test_what_a_reader_would_obey_is_shown_as_an_escape(text: str) -> None:
    assert shown(text) != text
    assert "\\u" in shown(text).lower()


def test_half_a_character_reaches_no_encoder() -> None:
    assert Page("a\ud800b").body == b"a\\ud800b"


@given(st.text())
def test_a_sentence_is_escaped_whatever_stands_between_its_ticks(text: str) -> None:
    found = str(said(text))
    assert "<" not in found.replace("<code>", "").replace("</code>", "")
    assert found.count("<code>") == found.count("</code>")
