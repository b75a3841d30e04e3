"""An address is the whole state of a log page, and says nothing to SQL but values."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.log.asked import LAST, Asked, Filter
from noria.viewer.pages.accepted import LOG

NAMES = [one.name for one in LOG.filters]
FILTERS = (Filter("domain", "domain", "domain = :domain"), Filter("old", "with old ones", "", unless="old = ''"))


@given(st.dictionaries(st.sampled_from(NAMES), st.text(min_size=1).map(str.strip).filter(bool)), st.text())
def test_an_address_says_what_was_asked(chosen: dict[str, str], words: str) -> None:
    pairs = [*chosen.items(), ("q", words), ("other", "x")]
    found = Asked.of(pairs, LOG.filters)
    again = Asked.of(parse_qsl(found.address()[1:]), LOG.filters)
    assert (again.chosen, again.words) == (found.chosen, found.words)
    where, values = found.conditions(searched="words MATCH :match")
    assert set(values) <= {*NAMES, "match"}
    same = Asked.of([*((name, "1") for name in chosen), ("q", words)], LOG.filters)
    assert where == same.conditions(searched="words MATCH :match")[0]


def test_a_control_that_is_not_chosen_may_hold_a_condition() -> None:
    assert Asked.of([], FILTERS).conditions() == (["old = ''"], {})
    where, values = Asked.of([("domain", " units "), ("old", "1")], FILTERS).conditions()
    assert (where, values) == (["domain = :domain"], {"domain": "units", "old": "1"})


def test_an_address_changes_in_one_place_and_begins_anew() -> None:
    found = Asked.of([("q", "a b"), ("domain", "x&y"), ("before", "9")], FILTERS)
    assert found.before == 9
    assert found.address() == "?q=a+b&domain=x%26y"
    assert found.address(domain=None, before=9) == "?q=a+b&before=9"
    assert Asked.of([], FILTERS).address() == "?"


def test_a_place_that_is_none_is_told() -> None:
    assert Asked.of([("before", "x1")], FILTERS).lost == "x1"
    assert Asked.of([("after", "9" * 25)], FILTERS).after == LAST
    both = Asked.of([("before", "5"), ("after", "3")], FILTERS)
    assert (both.before, both.after) == (5, None)
