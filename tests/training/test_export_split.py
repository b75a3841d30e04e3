"""Sides without a leak: what belongs together stays together, and an export later changes no side."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators.contamination import Kept
from noria.training.export.leaks import prove
from noria.training.export.splitting import Split, apart, keys, split
from noria.types import Sample
from tests.build import sample

small = st.integers(0, 30)


@st.composite
def accepted(draw: Any) -> list[Sample]:
    """Samples that share shapes, solutions and wordings at random."""
    rows = draw(st.lists(st.tuples(small, small, small, st.sampled_from(["arithmetic", "units"])), max_size=80))
    return [
        sample(
            f"sample-{at}", asked=f"What is {words}?", episode=f"episode-{at}", task=f"task-{at}", domain=domain,
            shape=f"shape-{shape}", signature=f"solved:{signature}",
        )
        for at, (shape, signature, words, domain) in enumerate(rows)
    ]  # fmt: skip


def one(number: int, **story: Any) -> Sample:
    told = {"shape": f"shape-{number}", "signature": f"add:{number}", "task": f"task-{number}"}
    return sample(f"sample-{number}", asked=f"Add {number} to 5.", **{"episode": f"episode-{number}", **told, **story})


@given(accepted(), st.sampled_from([0.0, 0.1, 0.3, 0.5]))
def test_tasks_that_share_anything_are_on_one_side(samples: list[Sample], share: float) -> None:
    found = split(samples, share)
    sides: dict[str, set[str]] = {}
    for each in samples:
        for key in keys(each):
            sides.setdefault(key, set()).add(found.side(each.provenance.episode))
            assert found.names[found.groups[each.provenance.episode]] == found.group(each.provenance.episode)
    assert all(len(both) == 1 for both in sides.values())
    if share == 0:
        assert not found.held


@given(accepted())
def test_a_filter_moves_nothing_and_the_order_of_reading_alone_names_a_group(samples: list[Sample]) -> None:
    assert split(samples, 0.3) == split(list(samples), 0.3)


def test_what_is_accepted_later_leaves_the_sides_of_what_was_there() -> None:
    early = [one(number) for number in range(300)]
    before = split(early, 0.1)
    after = split([*early, *(one(number) for number in range(300, 900))], 0.1)
    assert [before.side(f"episode-{n}") for n in range(300)] == [after.side(f"episode-{n}") for n in range(300)]
    assert 12 <= len(before.held) <= 50


def test_a_group_larger_than_its_domain_may_hold_out_stays_in_train() -> None:
    alike = [one(number, shape="shape-lowercase") for number in range(40)]
    for offset in range(30):
        rows = [*alike, *(one(number) for number in range(1000 * offset + 100, 1000 * offset + 160))]
        assert split(rows, 0.3).side("episode-0") == "train"


def test_a_small_session_holds_something_out() -> None:
    for offset in range(40):
        rows = [one(number) for number in range(offset * 10, offset * 10 + 4)]
        assert len(split(rows, 0.1).held) >= 1


def test_words_in_another_order_are_one_group_and_other_numbers_are_not() -> None:
    rows = [
        one(1).model_copy(update={"messages": sample(asked="Reverse: fox hen cat.").messages}),
        one(2).model_copy(update={"messages": sample(asked="reverse cat, hen, FOX").messages}),
        one(3).model_copy(update={"messages": sample(asked="Reverse: fox hen dog.").messages}),
    ]
    found = split(rows, 0.1)
    assert found.group("episode-1") == found.group("episode-2") != found.group("episode-3")


def test_a_held_out_task_that_train_says_in_nearly_the_same_words_goes_back() -> None:
    long = "Write down how the old lighthouse keeper would describe the storm of that long winter night"
    rows = [one(number) for number in range(50)]
    rows[7] = rows[7].model_copy(update={"messages": sample(asked=f"{long} in prose.").messages})
    rows[9] = rows[9].model_copy(update={"messages": sample(asked=f"{long} as a letter.").messages})
    found = Split(0.1, [str(n) for n in range(50)], {f"episode-{n}": n for n in range(50)}, {7, 11})
    apart(found, lambda: iter(rows), lambda items: Kept(items))
    assert found.held == {11}
    assert found.moved == 1


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(number: int, **changes: Any) -> dict[str, Any]:
    told = {"shape": f"shape-{number}", "free_text": "", "signature": f"add:{number}"}
    base = {"domain": "arithmetic", "role": "solver", "group": f"group-{number}"}
    chat = [{"role": "user", "content": f"Add {number} to 5."}, {"role": "assistant", "content": str(number + 5)}]
    changes = {"messages": chat} | changes
    story = {key: changes.pop(key, value) for key, value in told.items()}
    return {**base, "provenance": json.dumps(story), **changes}


def test_the_proof_sees_what_the_writer_would_not(tmp_path: Path) -> None:
    test = written(tmp_path / "test.jsonl", row(1), row(2))
    clean = written(tmp_path / "clean.jsonl", row(3), row(4))
    assert prove([("train", clean), ("test", test)], ["Add 9 to 5."]).holds
    for name, leaked in {
        "group": row(3, group="group-1"),
        "solution": row(3, signature="add:2"),
        "shape": row(3, shape="shape-1"),
        "words": row(3, messages=row(2)["messages"]),
    }.items():
        train = written(tmp_path / "train.jsonl", leaked, row(4))
        found = prove([("train", train), ("test", test)], [])
        assert not found.holds
        assert found.common[name] == 1, name
        assert f"{name} 1" in found.sentence
    asked = prove([("train", clean), ("test", test)], ["add 4 TO 5", "Add 1 to 5!"])
    assert asked.examined == 2
    assert "2 of them ask one of the 2 exam items" in asked.sentence
