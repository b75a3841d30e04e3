"""A guard around a domain that is not ours: what it does wrong is an error that names it, not the session's end.

    check() ─► a thread of its own, so many seconds ─► checks, cut to a bearable size
                  └ raises · loops · floods ─► VerifierError, the outcome of one episode

It is the user's own code, trusted like any library of theirs: the guard bounds mistakes, not
malice. A thread that loops cannot be ended; it is left behind, and does not keep the process.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

from noria.errors import SandboxError, VerifierError
from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding
from noria.waiting import waiting

PATIENCE = 20.0
"""Seconds one check of a domain may take."""

MOST = 50
"""Checks that a verifier may make of one response."""

EVIDENCE = 2000
"""Characters of evidence that are kept."""


def guarded(kind: type[Domain], patience: float = PATIENCE) -> type[Domain]:
    """The same domain with a guard around its verifier."""

    class Guarded(kind):  # type: ignore[misc, valid-type]
        """A domain that is not ours."""

        async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
            """Establish in a thread, for so long."""
            done = await _bounded(self.verifier, super().establish(parameters, runner), patience, (ValueError,))
            if not isinstance(done, Parameters):
                raise VerifierError(f"The verifier {self.verifier!r} gave no parameters.")
            return done

        def at(self, level: int) -> Domain:
            """The family of a level, guarded too."""
            found = super().at(level)
            return found if found is self else guarded(type(found), patience)()

        async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
            """Check in a thread, for so long, and cut what comes back."""
            done = await _bounded(self.verifier, super().check(grounding, response, runner), patience)
            if not isinstance(done, tuple) or not all(isinstance(one, Check) for one in done):
                raise VerifierError(f"The verifier {self.verifier!r} gave no checks.")
            if len(done) > MOST:
                raise VerifierError(f"The verifier {self.verifier!r} made {len(done)} checks of one response.")
            return tuple(one.model_copy(update={"evidence": one.evidence[:EVIDENCE]}) for one in done)

    Guarded.__name__ = kind.__name__
    return Guarded


async def _bounded(
    name: str, work: Coroutine[Any, Any, Any], patience: float, passed: tuple[type[Exception], ...] = ()
) -> Any:
    """What a coroutine gives that runs in a loop of its own, in a thread of its own, for so many seconds."""
    found: Future[Any] = Future()
    found.set_running_or_notify_cancel()  # whoever waits may give up; the thread still has somewhere to put its answer

    def run() -> None:
        try:
            found.set_result(asyncio.run(work))
        except BaseException as fault:  # whatever it is, whoever waits must hear of it
            found.set_exception(fault)

    threading.Thread(target=run, name=f"verifier {name}", daemon=True).start()
    try:
        with waiting(f"the verifier {name!r}", patience):
            return await asyncio.wait_for(asyncio.wrap_future(found), patience)
    except TimeoutError as fault:
        raise VerifierError(f"The verifier {name!r} did not end within {patience:g} s.") from fault
    except Exception as fault:
        if isinstance(fault, (*passed, SandboxError)):
            raise
        raise VerifierError(f"The verifier {name!r} failed: {type(fault).__name__}: {fault}"[:400]) from fault
