"""The page of the methods: on a session that used none, and on one that selected, leaned, dealt and believes."""

import asyncio
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update

from noria.memory import tables
from noria.memory.beliefs import keep_beliefs
from noria.memory.catalogue import catalogue
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.selections import keep_selections
from noria.types import Belief, Lean, Selection
from tests.viewer.browser import Viewing, viewing
from tests.viewer.test_access import ask

NASTY = "<script>alert(1)</script>"


def belief(number: int, arm: str, mean: float, cost: float = 500.0) -> Belief:
    return Belief(
        round=number, arm=arm, dealt=9, accepted=6, tokens=3000, rows=12, taught=0.5, gain=0.1, noise=0.04,
        mean=mean, low=mean - 0.1, high=mean + 0.1, cost=cost, worth=8 * mean, worth_low=-1, worth_high=2,
    )  # fmt: skip


async def told(session: Path) -> None:
    """Write into a session what methods would have."""
    ledger = Ledger(session, write=True)
    history = History(ledger)
    kept = [
        Selection(round=1, position=0, method="form", before=20, kept=17, why={NASTY: 3}, facts={"threshold": 0.8}),
        Selection(round=1, position=1, method="quotas", before=17, kept=17, skipped="it would have left nothing"),
    ]
    await keep_selections(history, 1, kept, {"sample-0": ("form", NASTY)})
    for number in (1, 2):
        await keep_beliefs(history, [belief(number, "", 0.02), belief(number, "evolve", 0.07 * number, 0.0)])
    lean = Lean(method="thin_regions", skills=("arithmetic/add",), levels={"arithmetic/2": 2.5}, why="thin levels")
    phase = history.rounds()[0][1]
    await history.keep_round(1, phase, leans=[lean.model_dump(mode="json")], shares={"": 0.7, "evolve": 0.3})
    for hand in history.deal(1)[:6]:
        body = hand.model_copy(update={"strategy": "evolve"}).model_dump_json()
        await ledger.write((update(tables.deals).where(tables.deals.c.episode == hand.episode).values(body=body), {}))
    ledger.close()


@pytest.fixture(scope="module")
def methodical(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewing]:
    session = tmp_path_factory.mktemp("methods") / "methodical"
    # Without the catalogue, for no session writes into a round that is over.
    shutil.copytree(played, session, ignore=shutil.ignore_patterns("catalogue*"))
    # In a thread of its own: in this one Playwright's loop runs once another file has opened a browser.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, told(session)).result()
    with viewing(session) as one:
        yield one


def test_a_session_without_methods_says_so_and_has_the_link(viewer: Viewing) -> None:
    status, _, page = ask(viewer, f"/s/{viewer.name}/methods")
    assert status == 200
    assert "No method of selection, leaning or dealing has done anything" in page
    assert f'<a href="/s/{viewer.name}/methods" aria-current="page">Methods</a>' in page
    assert "What the bandit believes" not in page


def test_the_page_tells_what_was_selected_leaned_dealt_and_believed(methodical: Viewing) -> None:
    status, _, page = ask(methodical, "/s/methodical/methods")
    assert status == 200
    assert NASTY not in page
    assert "3&nbsp;&lt;script&gt;" in page
    assert "it would have left nothing" in page
    assert "What selection kept in round 1" in page
    assert "<b>thin regions</b>: thin levels" in page
    assert "arithmetic/2 × 2.5" in page
    assert "evolve" in page
    assert "6" in page[page.index("Over all rounds") :]
    assert "Shares of the latest plan: plain window" in page
    assert "Gain believed of a student taught by one arm alone" in page
    assert "After the exam of round 2" in page
    assert "+14.0" in page
    assert "not told" in page, "an arm that has cost nothing yet is worth nothing known"
    assert page.count("<figure") == page.count('role="group"') >= 4


def test_the_catalogue_counts_the_hands_of_each_strategy(played: Path) -> None:
    with catalogue(played) as plain:
        rows = plain.rows("SELECT * FROM strategies")
        assert [row["strategy"] for row in rows] == ["", ""]
        assert sum(row["dealt"] for row in rows) == len(plain.rows("SELECT 1 FROM episodes"))
        assert plain.rows("SELECT * FROM beliefs") == []
