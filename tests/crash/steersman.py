"""A person who steers every session of the harness in the same way, wherever and however often it is killed.

    round 1, batch 2   a note for two batches; the critic's template changes
    round 2, batch 1   the solver's template breaks; a trial of two generators begins
    round 2, batch 2   the solver's is mended; a pause, which ends as soon as the session stands still
    round 3, batch 1   the trial ends, and its second text is kept
    round 3, batch 2   a sample of the first round is refused

What was said is in the ledger, so that a life after a kill does not say it again; what a
killed life had not said yet is said by the next, at the same place.
"""

from pathlib import Path
from typing import Any

from noria.failpoints import Point
from noria.graphs.context import Context
from noria.graphs.steering.answering import SAYINGS
from noria.graphs.steering.files import PROMPTS
from noria.memory.steps import Steps
from noria.prompts.lookup import PACKAGED
from noria.types import StepKind

BROKEN = "---\nname: solver\n---\nno role line"


def steered(point: Point, what: Any) -> None:
    """Do what is due at a point."""
    if point == "session.holds":
        _once(what, "go_on", "go_on")
    if point != "batch.reached":
        return
    context, number, batch = what
    prompts = context.config.session / PROMPTS
    match number, batch:
        case 1, 2:
            _once(context, "note", "note", text="more sums, fewer apples", batches=2, rounds=None)
            _changed(prompts, "critic")
        case 2, 1:
            (prompts / "solver.md").write_text(BROKEN)
            texts = {"a": packaged("generator"), "b": changed("generator")}
            _once(context, "trial", "compare", name="generator", by="episode", **texts)
        case 2, 2:
            (prompts / "solver.md").write_text(packaged("solver"))
            _once(context, "pause", "pause")
        case 3, 1:
            if Steps(context.history).count("trial") == 1:
                _say(context, "stop_comparing", trial="generator", keep="b")
        case 3, 2:
            first = next(context.history.each(number=1, role="solver", withdrawn=True)).id
            _once(context, "refuse", "rule", things=[first], ruling="refuse", why="it is of no use")


def packaged(name: str) -> str:
    """A template as it ships."""
    return (PACKAGED / f"{name}.md").read_text(encoding="utf-8")


def changed(name: str) -> str:
    """The same with another sentence for its system."""
    return packaged(name).replace("system:\n", "system:\nBe brief. ", 1)


def _changed(prompts: Path, name: str) -> None:
    (prompts / f"{name}.md").write_text(changed(name))


def _once(context: Context, kind: StepKind, saying: str, **body: Any) -> None:
    if not Steps(context.history).count(kind):
        _say(context, saying, **body)


def _say(context: Context, saying: str, **body: Any) -> None:
    writes, _ = SAYINGS[saying](context.history, {"what": saying, "live": True, **body})
    context.history.ledger.write_now(*writes)
