"""How a round stands on the wheel: which stages are done, which runs now, and what each handed on.

    the round's phase and facts ─► Stand(paddles, sentence, state)

The ledger writes a phase when a stage ends, so what runs now is the stage after it; whether it
runs, rests or waits for a person is told by the lock on the folder and by what the session holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from noria.memory.catalogue import Catalogue
from noria.viewer.drawing import Paddle
from noria.viewer.rendering import figure, seconds

STAGES = ("plan", "play", "curate", "train", "examine", "promote", "guard")

AFTER = {
    "dealt": "play", "plan": "play", "play": "play", "curated": "train", "curate": "train", "train": "examine",
    "untrained": "guard", "examine": "promote", "unexamined": "promote", "promoted": "guard", "kept_out": "guard",
    "seat": "guard", "probate": "guard", "probated": "guard", "guarded": "guard", "guard": "guard", "ended": "",
}  # fmt: skip
"""The stage that follows each phase; none where the round is over."""

DOING = {
    "plan": "plans what to deal", "play": "plays", "curate": "chooses the rows to learn from",
    "train": "trains the student", "examine": "examines the student against its parent",
    "promote": "rules on the student", "guard": "measures what the round did",
}  # fmt: skip

State = Literal["running", "waiting", "at rest", "finished"]


@dataclass(frozen=True, slots=True)
class Stand:
    """A round on the wheel, and the session around it."""

    round: int
    rounds: int
    """How many the config allows."""
    last: int
    """The newest round there is."""
    state: State
    said: str
    """The state in a sentence."""
    paddles: tuple[Paddle, ...]


def stand(catalogue: Catalogue, *, running: bool, number: int | None = None, root: str = "") -> Stand:
    """How a round stands, the newest unless it is named; `root` is the address that the session's pages hang on."""
    facts = {row["key"]: row["value"] for row in catalogue.rows("SELECT key, value FROM session")}
    rows = catalogue.rows("SELECT round, phase, dealt, facts FROM rounds ORDER BY round")
    finished, held = facts.get("finished", ""), json.loads(facts.get("holds") or "{}")
    state: State = "finished" if finished else "at rest" if not running else "waiting" if held else "running"
    last = rows[-1]["round"] if rows else 1
    if not rows or (rows[-1]["phase"] == "ended" and state in ("running", "waiting")):
        last += bool(rows)  # the next round is being planned, and has no row yet
    chosen = number if number is not None and 1 <= number <= last else last
    row = next((one for one in rows if one["round"] == chosen), None)
    now = AFTER.get(row["phase"], "guard") if row is not None else "plan"
    played = _played(catalogue, chosen)
    dealt = row["dealt"] if row is not None else 0
    if now == "play" and dealt and played[0] >= dealt:
        now = "curate"
    told = json.loads(row["facts"]) if row is not None else {}
    if finished and chosen == last and told.get("guards", {}).get("action") == "on":
        told["guards"]["action"] = "end"
    exam = catalogue.rows("SELECT * FROM exams WHERE round = :round", {"round": chosen})
    paddles = _paddles(told, now, state, (dealt, *played), dict(exam[0]) if exam else {}, f"{root}/", chosen)
    config = json.loads(facts.get("config") or "{}")
    rounds = max(int(config.get("stop", {}).get("rounds", last)), last)
    progress = f": {figure(played[0])} of {figure(dealt)} episodes have ended" if now == "play" and dealt else ""
    said = {
        "finished": f"Finished after {_rounds(last)} ({finished}).",
        "waiting": f"It stands still: {held.get('said') or 'it waits for a person'}.",
        "running": f"Round {last} of {rounds} {DOING.get(now, 'goes on')}{progress}.",
        "at rest": f"Nobody runs it: it was left in round {last}"
        + (f", where it {DOING[now]}{progress}." if now else ", which is over."),
    }[state]
    return Stand(chosen, rounds, last, state, said, paddles)


def _rounds(count: int) -> str:
    return f"{count} round{'s' * (count != 1)}"


def _played(catalogue: Catalogue, number: int) -> tuple[int, int]:
    """Episodes of a round that have ended, and how many of them were accepted."""
    query = (
        "SELECT count(*) AS ended, coalesce(sum(outcome = 'accepted'), 0) AS accepted FROM episodes WHERE round = :r"
    )
    row = catalogue.rows(query, {"r": number})[0]
    return row["ended"], row["accepted"]


def _paddles(
    facts: Mapping[str, Any], now: str, state: State, played: tuple[int, int, int], exam: Mapping[str, Any], root: str,
    number: int,
) -> tuple[Paddle, ...]:  # fmt: skip
    dealt, ended, accepted = played
    rows = facts.get("curated", {})
    chosen = sum(rows.get(kind, 0) for kind in ("new", "replay", "anchor", "generator"))
    untrained, guards, spent = facts.get("untrained", ""), facts.get("guards", {}), facts.get("stages", {})
    ruled = "promoted" if facts.get("promoted") else "kept out" if exam or untrained else ""
    at = STAGES.index(now) if now else len(STAGES)
    held = {"running": "running", "waiting": "waiting"}.get(state, "ahead")
    follows = {"on": "go on", "cool_down": "cool down", "step_back": "step back", "stop": "stop", "end": "ends here"}
    leaves = {
        "plan": f"{figure(dealt)} dealt" if dealt else "",
        "play": f"{figure(accepted)} accepted" if ended else "",
        "curate": f"{figure(chosen)} rows chosen" if rows else "",
        "train": "no student" if untrained else exam.get("student", ""),
        "examine": f"{exam['parent_right']} → {exam['student_right']} of {exam['items']} right" if exam else "",
        "promote": ruled,
        "guard": follows.get(guards.get("action", ""), ""),
    }
    links = {"play": f"{root}accepted?round={number}", "examine": f"{root}policies", "promote": f"{root}policies"}
    made = []
    for place, name in enumerate(STAGES):
        called = "keep out" if name == "promote" and ruled == "kept out" and place < at else name
        took = seconds(spent[name]["seconds"]) if name in spent else ""
        if name == now:
            note = f"{figure(ended)} of {figure(dealt)}" if name == "play" and dealt else ""
            note = note or ("stopped here" if held == "ahead" else "")
            made.append(Paddle(called, note, held, leaves[name] if name == "play" else "", links.get(name, "")))  # type: ignore[arg-type]
        elif place < at:
            skipped = (name in ("train", "examine") and bool(untrained)) or (name == "examine" and not exam)
            note = ("not trained" if name == "train" else "no exam") if skipped else took
            made.append(Paddle(called, note, "done", leaves[name], links.get(name, "")))
        else:
            made.append(Paddle(called, "", "ahead", "", ""))
    return tuple(made)
