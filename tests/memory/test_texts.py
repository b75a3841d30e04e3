import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.texts import MARK, fold, keep, looked_up, plain, unfold
from noria.types import Message
from tests import build

LONG = "A text that is long enough to be worth a row of its own, for it is said in many places."
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        LONG,
        LONG + '"',
        LONG + "\\",
        f"<data-abcde>{LONG}</data-abcde> {LONG}",
        LONG + "\n" + LONG,
        MARK + "0" * 16,
        "{}",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)
DEAL = {"templates": {role: f"{role}@0123456789ab" for role in ("solver", "critic", "judge", "generator", "adversary")}}


@given(VALUES, st.booleans())
@example(DEAL, True)
@example({"a": {"b": LONG + '"}', "c": LONG}}, True)
@example({"a": {"b": "{" + LONG * 2 + "}"}}, True)
@example([{"": "{", LONG: None, LONG + '"': None}], True)
@example([0.123456789] * 60, True)
def test_what_was_folded_is_unfolded_as_it_was_and_is_json_all_the_while(value: object, objects: bool) -> None:
    body = plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert MARK not in body
    folded, texts = fold(body, objects=objects)
    assert unfold(folded, texts) == body
    assert json.loads(body) == value
    json.loads(folded)
    assert all(MARK not in text for text in texts.values()), "a text needs no other"
    assert len(folded) <= len(body)


def test_what_stands_between_the_marks_of_a_fence_is_one_text() -> None:
    bodies = [json.dumps({"said": f"{LONG}<data-{mark}>{LONG} it</data-{mark}>"}) for mark in ("abcde", "vwxyz")]
    texts = [fold(body, objects=False)[1] for body in bodies]
    assert texts[0] == texts[1]
    assert set(texts[0].values()) == {LONG, LONG + " it"}


def test_an_object_that_rows_repeat_is_one_text_where_its_column_says_so() -> None:
    body = json.dumps(DEAL)
    assert list(fold(body, objects=True)[1].values()) == [json.dumps(DEAL["templates"])]
    assert fold(body, objects=False) == (body, {})


def test_two_texts_of_one_key_are_told_apart(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "texts.db") as connection:
        connection.execute("CREATE TABLE texts (key INTEGER PRIMARY KEY, text TEXT)")
        keys = ["0" * 15 + "1", "f" * 16]
        assert keep(connection, dict.fromkeys(keys, "one")) == set()
        assert keep(connection, {keys[0]: "one", keys[1]: "another"}) == {keys[1]}
        assert looked_up(connection, [*keys, "a" * 16]) == dict.fromkeys(keys, "one")
    connection.close()


def test_a_ledger_keeps_a_large_text_once_and_gives_it_back_everywhere(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    turn = build.turn(messages=(Message(role="user", content=LONG),), replies=(LONG,))
    episode = build.episode("episode-1", drafts=(build.task(LONG),), attempts=(build.attempt(response=LONG),))
    sample = build.chained(1, asked=LONG)

    async def write() -> None:
        await history.keep_turn(turn)
        await history.settle(episode, [sample])

    asyncio.run(write())
    assert history.trace("episode-1") == [turn]
    assert history.turn(turn.key) == turn
    assert list(history.episodes()) == [episode]
    assert history.samples() == [sample]
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM texts WHERE text = ?", (LONG,)).fetchone() == (1,)
        for table in ("turns", "episodes", "samples"):
            (body,) = connection.execute(f"SELECT body FROM {table}").fetchone()
            assert LONG not in body
    connection.close()
    ledger.close()


def test_a_missing_text_is_damage_and_not_an_answer(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    asyncio.run(History(ledger).keep_turn(build.turn(replies=(LONG,))))
    ledger.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM texts")
    connection.close()
    ledger = Ledger(tmp_path)
    with pytest.raises(SessionError, match=r"corrupt: the text [0-9a-f]{16} is missing"):
        History(ledger).trace("episode-1")
    ledger.close()
