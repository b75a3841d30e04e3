"""A report is made of a session alone, so that two of one session are the same bytes.

    ledger ─► summary   ─┐
    catalogue ─► rows   ─┼─► sentences, drawings, examples ─► report.html (style and drawings inside) ─► one page
    config, templates   ─┘

Nothing in it is fetched and nothing runs: no script, no font, no picture from elsewhere, and
its content policy forbids them to whatever a model may have smuggled in. Model text is escaped,
and what cannot be seen in it is shown. The only times are those of the session.
"""

from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from noria import __version__
from noria.config import SessionConfig
from noria.graphs.summary import summarise
from noria.memory.catalogue import Catalogue, catalogue
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.trainer import PRETENDED
from noria.types import Exam
from noria.viewer import students as told
from noria.viewer.rendering import environment
from noria.viewer.report import choosing, drawn, words

STATIC = Path(__file__).parent.parent / "static"
STYLES = ("drawing.css", "report.css")

Json = dict[str, Any]


def make(session: Path) -> str:
    """The report of a session, played to its end or not: a page of HTML.

    Raises:
        SessionError: the folder holds no session.
    """
    ledger = Ledger(session)
    try:
        summary = summarise(History(ledger))
        base = History(ledger).pointer("base")
    finally:
        ledger.close()
    with catalogue(session) as found:
        values = _values(found, summary, pretended=base is not None and base.id == PRETENDED)
    return environment().get_template("report.html").render(values)


def _values(found: Catalogue, summary: Json, *, pretended: bool) -> Json:
    known, refused = told.students(found), choosing.refused(found)
    facts = {row["key"]: row["value"] for row in found.rows("SELECT key, value FROM session")}
    config = SessionConfig.model_validate_json(facts.get("config") or "{}")
    exams = [Exam.model_validate(one) for one in summary["exams"]]
    names = {one["id"]: one["name"] for one in summary["policies"]}
    spent = summary["tokens"]["prompt"] + summary["tokens"]["completion"]
    seconds = sum(one["seconds"] for row in summary["rounds"] for one in row["stages"].values())
    return {
        "name": config.session.name,
        "style": Markup("\n").join(Markup((STATIC / one).read_text(encoding="utf-8")) for one in STYLES),  # noqa: S704 — our own files
        "version": __version__,
        "started": float(facts.get("started") or 0),
        "pretended": pretended,
        "finished": summary["finished"],
        "lead": words.lead(summary, config, names, pretended=pretended),
        "tiles": words.tiles(summary, exams, spent, seconds),
        "doubts": words.doubts(summary, exams, pretended=pretended),
        "summary": summary,
        "exams": exams,
        "names": names,
        "known": known,
        "figures": drawn.figures(found, summary, exams, known, names),
        "accepted": choosing.accepted(found),
        "refused": refused,
        "worst": choosing.worst(found, {one["episode"]["id"] for one in refused}),
        "how": choosing.how,
        "guards": drawn.guards(summary),
        "cost": _cost(summary, spent, seconds),
        "config": _config(config),
        "templates": found.rows("SELECT version, name, first_round FROM templates ORDER BY name, first_round, version"),
        "chain": _chain(found),
    }


def _cost(summary: Json, spent: int, seconds: float) -> Json:
    """What it all cost, and what of that each accepted sample."""
    accepted = summary["samples"]["accepted"]
    return {
        "tokens": spent, "seconds": seconds, "calls": sum(one["calls"] for one in summary["seats"]),
        "each": {"tokens": spent / accepted, "seconds": seconds / accepted} if accepted else None,
    }  # fmt: skip


def _config(config: SessionConfig) -> str:
    """What the config says beyond its defaults, as YAML; folders by their names, for a report travels."""
    own, usual = config.model_dump(mode="json"), SessionConfig().model_dump(mode="json")
    changed = _changed(own, usual)
    for name in ("session", "prompts"):
        if isinstance(changed.get(name), str):
            changed[name] = Path(changed[name]).name
    return str(yaml.safe_dump(changed, sort_keys=False, allow_unicode=True, default_flow_style=None)).strip()


def _changed(own: Json, usual: Json) -> Json:
    found: Json = {}
    for key, value in own.items():
        before = usual.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and key != "domains":
            if inner := _changed(value, before):
                found[key] = inner
        elif value != before:
            found[key] = value
    return found


def _chain(found: Catalogue) -> Json:
    """The end of the chain over the accepted samples: whoever holds the log can compute it again."""
    rows = found.rows("SELECT count(*) AS count, max(sequence) AS last FROM samples")
    head = found.rows("SELECT chain FROM samples WHERE sequence = :last", {"last": rows[0]["last"] or 0})
    return {"count": rows[0]["count"], "head": head[0]["chain"] if head else ""}
