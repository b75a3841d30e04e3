from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.identity import SHARES, bucket, canonical_json, content_id, stream

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_is_no_part_of_an_identity(value: dict[str, object]) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(turned)
    assert content_id("x", value) == content_id("x", turned)


def test_a_number_that_json_cannot_say_has_no_identity() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})


def test_buckets_take_their_share_and_never_move() -> None:
    found = Counter(bucket("arithmetic", {"a": a, "b": b}) for a in range(100) for b in range(100))
    for name, share in SHARES:
        assert abs(found[name] / 100 - share) < 1.5
    # Written down once: a changed hash would let yesterday's exam items into tomorrow's training.
    assert [bucket("arithmetic", {"skill": "add", "a": a, "b": 1}) for a in range(10, 21)] == (
        ["train", "train", "test", "audit", "train", "train", "gate", "train", "train", "train", "gate"]
    )


def test_a_stream_depends_on_its_names_alone() -> None:
    assert stream("a", 1).random() == stream("a", 1).random()
    assert stream("a", 1).random() != stream("a", 2).random()
