"""Steering as commands and pages call it: each works on a session that runs and on one that nobody runs.

    pause · go_on · note · drop_note · notes · rule · waiting · compare · stop_comparing · comparing

Every call is synchronous, raises a NoriaError with a sentence, and returns a dict. What changes
something answers with `state` ("done"), `said` (a sentence for people), `live` (whether a run did
it) and what is told below; a running session answers within a second.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from noria.errors import SessionError
from noria.graphs.steering import notes as noting
from noria.graphs.steering import trials, waits
from noria.graphs.steering.answering import answer_now
from noria.graphs.steering.pausing import holds, paused
from noria.graphs.steering.waits import samples, student
from noria.memory import requests
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger, is_session
from noria.memory.lock import held
from noria.memory.reviews import waiting as unruled
from noria.memory.steps import Steps
from noria.types import Arm, DealtBy, Json


def pause(session: Path) -> Json:
    """Let a running session stand still before its next batch; its servers stay up."""
    return _asked(session, {"what": "pause"})


def go_on(session: Path) -> Json:
    """Let a paused session go on."""
    return _asked(session, {"what": "go_on"})


def note(session: Path, text: str, batches: int | None = None, rounds: int | None = None) -> Json:
    """Tell the generator something, for so many batches or rounds (one round); adds `note`, `heard`."""
    return _asked(session, {"what": "note", "text": text, "batches": batches, "rounds": rounds})


def drop_note(session: Path, note: str) -> Json:
    """Take a note back, by its id or the beginning of it."""
    return _asked(session, {"what": "drop_note", "note": note})


def notes(session: Path) -> Json:
    """`notes`: those in force, each with `note`, `text`, `since`, `at`, `left` and its `unit`."""
    with _read(session) as history:
        return {"notes": noting.shown(history)}


def rule(session: Path, things: str | Sequence[str], ruling: str, why: str = "") -> Json:
    """`approve` or `refuse` samples, or the student that waits; adds `ruled`, and `learned_by` of refused samples.

    A refusal needs a reason. It withdraws a sample with every row that its episode gave, at any time.
    """
    named = [things] if isinstance(things, str) else list(things)
    return _asked(session, {"what": "rule", "things": named, "ruling": ruling, "why": why})


def waiting(session: Path) -> Json:
    """What a session waits for.

    `state` is `playing`, `pausing` (before the next batch), `waiting` (it stands still: see `for`, which is `pause`,
    `samples`, `reviews` or `student`, and `said`), `at_rest` or `finished`; `paused`; `samples` (routed
    candidates among them) and `student`: who waits for a ruling.
    """
    runs = held(session)
    with _read(session) as history:
        now, over = paused(Steps(history)), bool(history.ledger.fact("finished"))
        still, rulings = holds(history), dict[str, Any](samples=samples(history), student=student(history))
        # What was said a moment ago may not have been heeded yet: what nobody owes any more is waited for no more.
        owes = {"pause": now, "reviews": unruled(history), **rulings}
        still = still if owes.get(still.get("for", "")) else {}
        state = "playing" if not now else "pausing"
        state = "finished" if over else "at_rest" if not runs else "waiting" if still else state
        found = {"state": state, "paused": now and not over, "for": still.get("for", ""), "said": still.get("said", "")}
        routed = [] if over else waits.reviews(history)
        named = {one["id"] for one in rulings["samples"]}
        rulings["samples"] = [*rulings["samples"], *(one for one in routed if one["id"] not in named)]
        return {**found, "since": still.get("since"), **rulings}


def reviews(session: Path) -> Json:
    """`reviews`: the uncertain candidates that wait, with what a person needs to see; `routing`: see `waits.routed`."""
    with _read(session) as history:
        return {"reviews": waits.reviews(history), "routing": waits.routed(history)}


def compare(session: Path, name: str, a_text: str, b_text: str, by: DealtBy = "episode") -> Json:
    """Deal two texts of a template at random, an arm an episode or a round; adds `trial`, `name`, `a`, `b`, `by`."""
    return _asked(session, {"what": "compare", "name": name, "a": a_text, "b": b_text, "by": by})


def stop_comparing(session: Path, trial: str, keep: Arm | None = None) -> Json:
    """End a trial, by its id or its template's name; the text of the arm to keep becomes the session's template."""
    return _asked(session, {"what": "stop_comparing", "trial": trial, "keep": keep})


def comparing(session: Path) -> Json:
    """`trials`, oldest first: `trial`, `name`, `a`, `b`, `by`, `dealt` (episodes an arm), `running`, `keep`."""
    with _read(session) as history:
        return {"trials": trials.shown(history)}


@contextmanager
def _read(session: Path) -> Iterator[History]:
    ledger = Ledger(session)
    try:
        yield History(ledger)
    finally:
        ledger.close()


def _asked(session: Path, body: Json) -> Json:
    if not is_session(session):
        raise SessionError(f"{str(session)!r} holds no session (no {FILE}).", mend="`noria run` starts one.")
    said = requests.errand(session, body, lambda: _at_rest(session, body))
    if said["state"] == "refused":
        raise SessionError(said["what"], mend=said["mend"])
    return said


def _at_rest(session: Path, body: Json) -> Json:
    ledger = Ledger(session, write=True)
    try:
        return answer_now(History(ledger), body)
    finally:
        ledger.close()
