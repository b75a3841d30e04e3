"""Playing a study of gain, piece by piece: what is finished is left, what failed is told, and the rest goes on.

    warm ─► verified ─► controls, further arms, ceiling ─► tests

A piece that another needs and that failed keeps the other from being played, with that for its reason.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from noria.config import SessionConfig, Train
from noria.errors import NoriaError, SessionError, storage
from noria.evaluators.domain import Domain
from noria.evaluators.registry import domains as known
from noria.graphs.opening import Means
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.prompts.lookup import places
from noria.studies.gain import outcomes, testing
from noria.studies.gain.outcomes import Drawn, Outcome
from noria.studies.gain.pieces import OUTCOME, PLAN, POLICY, Piece, estimate, found_rows, pieces, place, policy_of
from noria.studies.gain.plan import CEILING, CONTROLS, RAW, VERIFIED, WARM, GainPlan
from noria.studies.gain.rows import dealt, fresh, written
from noria.studies.planned import keep
from noria.studies.sessions import played
from noria.training.curate import Curated
from noria.training.rows import Row
from noria.types import Policy

Making = Callable[[SessionConfig], Means]
"""What a piece is run with, of the config of what it makes."""


class Player:
    """Plays the pieces of one study."""

    def __init__(self, plan: GainPlan, out: Path, making: Making, say: Callable[[str], None]) -> None:
        """`making` gives the means of a piece, `say` tells a person how far it is."""
        self.plan, self.out, self.making, self.say = plan, out, making, say
        levels = {
            name: (*plan.learned.get(name, ()), *filter(None, (plan.further.get(name),)), *plan.unseen.get(name, ()))
            for name in (*plan.learned, *plan.unseen)
        }
        self.domains: dict[str, Domain] = known(levels)[0]
        self.templates = Templates(places())
        self.failed: dict[str, str] = {}

    def play(self, minutes: float | None = None) -> dict[str, str]:
        """Play what is left; no piece is begun after `minutes`. Returns why each piece failed that did, by its name.

        Raises:
            KeyboardInterrupt: it was told to stop; it can be gone on with.
            SessionError: the folder cannot be written.
        """
        keep(self.plan, self.out / PLAN)
        outcomes.kept(self.out, self.plan, self.domains)
        every, began = list(pieces(self.plan, self.out)), time.monotonic()
        took: dict[str, list[float]] = defaultdict(list)
        for at, piece in enumerate(every, 1):
            if piece.done:
                self.say(f"{at} of {len(every)}: {piece.name}: finished before")
                continue
            if minutes is not None and time.monotonic() - began > 60 * minutes:
                self.say(f"{minutes:g} minutes are over; the same command goes on with {piece.name}")
                break
            rest = [one for one in every[at - 1 :] if not one.done]
            left = sum(
                sum(took[one.kind]) / len(took[one.kind]) if took[one.kind] else estimate(self.plan, one)
                for one in rest
            )  # fmt: skip
            self.say(f"{at} of {len(every)}: {piece.name}; about {left / 60:.0f} min left")
            started = time.monotonic()
            if why := self._one(piece):
                self.failed[piece.name] = why
                self.say(f"{at} of {len(every)}: {piece.name}: failed: {why}")
            else:
                took[piece.kind].append(time.monotonic() - started)
        return self.failed

    def _one(self, piece: Piece) -> str:
        try:
            if why := self._lacks(piece):
                return why
            if piece.kind == "loop":
                return self._loop(piece)
            asyncio.run(self._test(piece) if piece.kind == "test" else self._teach(piece))
        except SessionError:
            raise
        except NoriaError as fault:
            return str(fault)
        return ""

    def _lacks(self, piece: Piece) -> str:
        """What a piece needs that is not there."""
        if piece.kind == "test" and piece.arm != RAW:
            needs = [piece.arm]
        else:
            needs = {"warm": [], "test": []}.get(
                piece.kind, [WARM, *([VERIFIED] if piece.arm in (*CONTROLS, CEILING) else [])]
            )
        for arm in needs:
            if not next(one for one in pieces(self.plan, self.out) if (one.arm, one.seed) == (arm, piece.seed)).done:
                return f"it needs {arm}, seed {piece.seed}, which is not finished"
        return ""

    def _loop(self, piece: Piece) -> str:
        rows = found_rows(self.out, piece.seed) if piece.arm in CONTROLS else ()
        where: dict[str, Any] = {"student": self._warm(piece.seed), "session": piece.session, "rows": rows}
        data, config = (make(piece.arm, piece.seed, **where) for make in (self.plan.written, self.plan.parsed))
        return played(piece.folder, data, config, dry=self.plan.dry)  # type: ignore[arg-type]

    def _warm(self, seed: int) -> str:
        """The folder that a seed's loops start from; a dry run has none."""
        if self.plan.dry:
            return self.plan.student
        found = policy_of(self.plan, self.out, WARM, seed)
        assert found is not None, "what needs the warm start is played after it"
        return found.folder

    async def _teach(self, piece: Piece) -> None:
        """Make the warm start or the ceiling: a training on what programs wrote."""
        name, scale = f"{piece.arm}-{piece.seed}", self.plan.scale
        rows = self.taught(piece.arm, piece.seed)
        student = self.plan.student if piece.arm == WARM else self._warm(piece.seed)
        train = Train(seed=piece.seed, max_tokens=scale.max_tokens)
        means = self.making(SessionConfig(session=piece.folder.resolve(), student=student, train=train))
        assert means.base is not None
        if hasattr(means.trainer, "merged"):
            means.trainer.merged = True  # what loops start from, and what is tested, are whole models
        with storage(piece.folder):
            piece.folder.mkdir(parents=True, exist_ok=True)
        policy: Policy = await means.trainer(
            name, 0, means.base, Curated(tuple(rows), {"program": len(rows)}, (), {}, {}), lambda step: None
        )
        with storage(piece.folder):
            (piece.folder / POLICY).write_text(policy.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def taught(self, arm: str, seed: int) -> list[Row]:
        """The rows of the warm start or of the ceiling."""
        name = f"gain/{arm}/{seed}"
        if arm == WARM:
            items = fresh(
                {one: self.domains[one] for one in self.plan.learned}, self.plan.learned, self.plan.scale.warm, name
            )
        else:
            ledger = Ledger((place(self.out, VERIFIED, seed) / "session").resolve())
            try:
                items = dealt(History(ledger), self.domains, sum(found_rows(self.out, seed)), name)
            finally:
                ledger.close()
        return written(items, lambda said: self.templates.render("solver", instruction=said), name)

    async def _test(self, piece: Piece) -> None:
        test = outcomes.kept(self.out, self.plan, self.domains)
        opened = test.opened or datetime.now(UTC).isoformat(timespec="seconds")
        name = piece.name.removeprefix("test of ")
        asked = test.asked if name in test.asked else (*test.asked, name)
        outcomes.write(self.out, test.model_copy(update={"opened": opened, "asked": asked}))
        policy = None if piece.arm == RAW else policy_of(self.plan, self.out, piece.arm, piece.seed)
        base = self.plan.student if piece.arm in (RAW, WARM) else self._warm(piece.seed)
        means = self.making(SessionConfig(session=piece.folder.resolve(), student=base))
        # An arm that trained nobody ends where it began.
        policy = policy or means.base
        assert policy is not None
        found: Outcome = await testing.ask(
            policy, Drawn(test, self.domains), self.plan.scale.tries, means=means, templates=self.templates,
            folder=piece.folder,
        )  # fmt: skip
        with storage(piece.folder):
            (piece.folder / OUTCOME).write_text(found.model_dump_json() + "\n", encoding="utf-8")
