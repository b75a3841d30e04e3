"""The ledger against a model of it: whatever is done in whatever order, what is read is what was written."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.verification import verify
from noria.types import Episode, Reason, Sample, Stage, Turn
from tests import build
from tests.memory.test_migrations import old

NUMBERS = st.integers(0, 12)
LONG = "What is asked at such length that it lives in a row of its own, and what is answered as well, is the same: "


class Remembering(RuleBasedStateMachine):
    """Settles, records, withdraws, closes and opens again, from a new ledger or from one of an older version."""

    def __init__(self) -> None:
        """Begin in a folder of its own."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="noria-state-"))
        self.episodes: dict[str, Episode] = {}
        self.samples: dict[str, Sample] = {}
        self.turns: dict[str, Turn] = {}
        self.withdrawn: set[str] = set()
        self.heads: list[str] = []
        self.followed = 0
        self.ledger: Ledger

    @initialize(version=st.sampled_from([None, None, 1, 2]))
    def begin(self, version: int | None) -> None:
        """Start new, or with what an older Noria left."""
        if version is not None:
            before = History(Ledger(old(self.folder, version)))
            self.episodes = {one.id: one for one in before.episodes()}
            self.samples = {one.id: one for one in before.samples()}
            self.turns = {str(turn.key): turn for key in self.episodes for turn in before.trace(key)}
            before.ledger.close()
        self.ledger = Ledger(self.folder, write=True)
        self.history = History(self.ledger)
        self.followed = self.history.mark("chroma")[0]

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "ledger"):
            self.ledger.close()
        shutil.rmtree(self.folder)

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=4), accepted=st.booleans(), long=st.booleans())
    def settle(self, numbers: list[int], accepted: bool, long: bool) -> None:
        """End some episodes side by side, of which some may have ended before."""
        ending: list[tuple[Episode, list[Sample]]] = []
        for number in numbers:
            asked = f"{LONG}{number}" if long else f"What is {number} + 2?"
            key = f"episode-new-{number}-{long}"
            facts: dict[str, Any] = {"outcome": "accepted", "reason": Reason.VERIFIED, "stage": Stage.ACCEPTED}
            episode = build.episode(
                key, round=3, position=number, drafts=(build.task(asked),), **facts if accepted else {}
            )
            samples = [build.chained(number, role, asked, episode=key) for role in ("solver", "generator")]
            ending.append((episode, samples if accepted else []))

        async def together() -> None:
            await asyncio.gather(*(self.history.settle(episode, samples) for episode, samples in ending))

        asyncio.run(together())
        for episode, samples in ending:
            # What is there stays: an episode ends once.
            self.episodes.setdefault(episode.id, episode)
            for sample in samples:
                self.samples.setdefault(sample.id, sample)

    @rule(number=NUMBERS, attempt=st.integers(1, 2), said=st.sampled_from(["3", LONG, "\uf8ff" + "0" * 16]))
    def record(self, number: int, attempt: int, said: str) -> None:
        """Record a call, which may be recorded already."""
        turn = build.turn(f"episode-new-{number}", number=attempt, replies=(said,), started=float(attempt))
        asyncio.run(self.history.keep_turn(turn))
        self.turns.setdefault(str(turn.key), turn)

    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        """Withdraw a sample from what follows the ledger, and one that nobody knows."""
        ids = sorted(self.samples)
        one = ids[number % len(ids)] if ids else "sample-unknown"
        asyncio.run(self.history.withdraw_from_index([one, "sample-unknown"]))
        if one in self.samples and self.samples[one].role == "solver":
            self.withdrawn.add(one)

    @rule(size=st.integers(1, 5))
    def follow(self, size: int) -> None:
        """Let the index take a page."""
        page = next(self.history.pages(self.followed, size), None)
        if page is not None:
            asyncio.run(self.history.followed("chroma", page.upto, "made"))
            self.followed = page.upto

    @rule()
    def open_again(self) -> None:
        """Close the ledger and open it."""
        self.ledger.close()
        self.ledger = Ledger(self.folder, write=True)
        self.history = History(self.ledger)

    @rule()
    def walk(self) -> None:
        """The chain holds, and every head that was noted is still in it."""
        found = verify(self.ledger)
        assert found.samples == len(self.samples)
        for head in self.heads:
            verify(self.ledger, head)
        self.heads = [*self.heads[-2:], *([found.head] if found.samples else [])]

    @invariant()
    def the_ledger_holds_what_the_model_holds(self) -> None:
        """Every noun is read back as it was written first, and every count is a recount."""
        if not hasattr(self, "ledger"):
            return
        history = self.history
        assert {one.id: one for one in history.samples()} == self.samples
        assert {one.id: one for one in history.episodes()} == self.episodes
        for turn in self.turns.values():
            assert history.turn(turn.key) == turn
        assert sum(row[2] for row in history.seats()) == len(self.turns)
        solvers = {key for key, one in self.samples.items() if one.role == "solver"}
        assert history.count(role="solver") == len(solvers)
        assert sum(row[4] for row in history.composition()) == history.count() == len(self.samples)
        assert {one.id for one in history.heads()} == set(self.samples)
        assert history.funnel()["dealt"] == sum(history.reasons().values()) == len(self.episodes)
        assert history.indexable() == len(solvers - self.withdrawn)
        ends = self.ledger.rows(select(tables.chains.c.count))
        assert [one.count for one in ends] == ([len(self.samples)] if ends else [])

    @invariant()
    def who_follows_from_the_start_ends_with_what_stands(self) -> None:
        """Replaying the outbox gives the samples that were not withdrawn, whatever the pages."""
        if not hasattr(self, "ledger"):
            return
        for size in (1, 3, 1000):
            held: set[str] = set()
            for page in self.history.pages(0, size):
                held |= {one.id for one in page.added}
                held -= set(page.removed)
            assert held == {key for key, one in self.samples.items() if one.role == "solver"} - self.withdrawn


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
