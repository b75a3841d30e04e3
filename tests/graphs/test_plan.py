import asyncio
from collections import Counter
from pathlib import Path

from noria.graphs.plan import FLOOR, deal, domain_weights, level_weights, spread, weak_skills
from noria.identity import stream
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import Neighbours
from noria.types import ROLES, Dealt, DomainResult, Exam
from tests import build


def exam(right: dict[str, int], items: int = 40, skills: dict[str, tuple[int, int]] | None = None) -> Exam:
    parts = tuple(
        DomainResult(domain=name, items=items, parent=count, student=0, worse_p=1, significantly_worse=False)
        for name, count in right.items()
    )
    return Exam(
        id="exam-1", round=1, parent="a", student="b", items=items * len(right), parent_right=0, student_right=0,
        wins=0, losses=0, p_value=1, alpha=0.03, parent_interval=(0, 1), student_interval=(0, 1), domains=parts,
        skills=skills or {}, promoted=False, why="", seconds=0,
    )  # fmt: skip


def test_a_domain_that_was_missed_is_dealt_more_and_none_is_left_out() -> None:
    weights = domain_weights(("a", "b", "c"), exam({"a": 40, "b": 20, "c": 0}))
    assert weights == {"a": FLOOR, "b": 0.5, "c": 1.0}
    counts = Counter(spread(weights, 33, stream("x")))
    assert sum(counts.values()) == 33
    assert counts["c"] > counts["b"] > counts["a"] > 0


def test_a_level_weighs_what_can_be_learned_from_it() -> None:
    weights = level_weights((1, 2, 3), {1: 1.0, 2: 0.5, 3: 0.0})
    assert weights == {1: FLOOR, 2: 1.0, 3: FLOOR}
    fresh = level_weights((1, 2), {})
    assert fresh[1] > fresh[2] > 0


def test_a_weak_skill_is_one_of_which_less_than_half_was_right() -> None:
    found = weak_skills(exam({"a": 1}, skills={"a/x": (10, 4), "a/y": (10, 5), "a/z": (4, 0)}))
    assert found == ("a/x", "a/z")


def dealt(folder: Path, **changes: object) -> list[Dealt]:
    config = build.config(folder, **changes)
    history = History(Ledger(folder / "session", write=True))
    asyncio.run(history.keep_seeds([build.seed("tea").model_copy(update={"kind": "topic"})]))
    hands = deal(
        config, {"arithmetic": build.SHIPPED["arithmetic"]}, history, Neighbours(folder / "session"), 1,
        seats=dict.fromkeys(ROLES, "p"), templates={}, veto=False,
    )  # fmt: skip
    history.ledger.close()
    return hands


def test_the_same_ledger_and_config_deal_the_same(tmp_path: Path) -> None:
    one, two = dealt(tmp_path / "1"), dealt(tmp_path / "2")
    assert one == two
    assert len({hand.episode for hand in one}) == len(one) == 12
    assert [hand.position for hand in one] == list(range(12))
    assert {hand.seed.text for hand in one} == {"tea", "arithmetic"}


def test_another_random_name_deals_another_hand(tmp_path: Path) -> None:
    assert dealt(tmp_path / "1") != dealt(tmp_path / "2", random=1)
