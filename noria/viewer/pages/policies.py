"""The pages of the policies: how they descend from one another, and all that is known of each.

/s/NAME/policies              the graph and a row each
/s/NAME/policies/P            one: what it learned, its exam, its seats, what it wrote, who learned from that
/s/NAME/policies/P?items=won&after=40    the items of its exam that it won, lost, or all, ten at a time
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.evaluators.comparing import Count
from noria.memory.catalogue import Catalogue
from noria.viewer import students as told
from noria.viewer.drawing import Bar, Point, Series, Stack, bars, curve, lineage, spark, stacked
from noria.viewer.rendering import page

ITEMS = 10
"""Exam items on a page."""

SORTS = {
    "won": "parent_passed < student_passed",
    "lost": "parent_passed > student_passed",
    "all": "1",
}


def policies(request: Request) -> Response:
    """The graph, and a row a policy."""
    one = request.app.state.shelf.open(request.path_params["session"])
    root = f"/s/{request.path_params['session']}"
    known, facts = told.students(one.catalogue), told.rounds(one.catalogue)
    nodes, back = told.graph(one.catalogue, known, root)
    learned, seatings = told.learned(one.catalogue), one.catalogue.rows("SELECT * FROM seatings ORDER BY round, role")
    trained = [policy for policy in known if policy.training]
    kinds = [kind for kind in told.MIX if any(kind in policy.mix for policy in trained)]
    values = {
        "known": known, "learned": learned, "seatings": seatings,
        "moves": told.moves(one.catalogue),
        "trials": {policy.id: told.trial(facts, policy.id) for policy in known},
        "held": {policy.id: told.together(told.seats(facts, policy.id)) for policy in known},
        "lineage": lineage(nodes, back, title="How the policies descend from one another", width=760),
        "exams": _exams(known),
        "mixes": stacked(
            [Stack(policy.name, tuple((kind, policy.mix.get(kind, 0)) for kind in kinds)) for policy in trained],
            title="What each student learned from", width=520,
        ) if trained else "",
    }  # fmt: skip
    return page(request, "policies.html", values)


def _exams(known: list[told.Student]) -> str:
    held = [one.exam for one in known if one.exam]
    sides = ([_point(exam.round, exam.student_right, _became(exam)) for exam in held],
             [_point(exam.round, exam.parent_right) for exam in held])  # fmt: skip
    series = [Series(name, made, joined=False) for name, made in zip(("student", "its parent"), sides, strict=True)]
    return curve(series, title="Share right in the exam of each round", unit="%", width=520) if held else ""


def _point(number: int, right: Count, label: str = "") -> Point:
    low, high = right.interval
    return Point(number, right.share, low, high, label)


def _became(exam: told.Exam) -> str:
    return "promoted" if exam.promoted else "kept out"


def policy(request: Request) -> Response:
    """One policy."""
    one = request.app.state.shelf.open(request.path_params["session"])
    catalogue, name = one.catalogue, request.path_params["name"]
    known = told.students(catalogue)
    student = next((policy for policy in known if name in (policy.name, policy.id)), None)
    if student is None:
        raise HTTPException(404, f"The session knows no policy {name!r}.")
    facts = told.rounds(catalogue)
    held = told.seats(facts, student.id)
    values: dict[str, Any] = {
        "one": student, "spans": told.spans, "held": held, "trial": told.trial(facts, student.id),
        "names": {policy.id: policy.name for policy in known},
        "lessons": told.lessons(catalogue, student.id), "lost": told.lost(catalogue, student.id),
        "wrote": told.wrote(catalogue, student.name), "learners": told.learners(catalogue, student.name),
        "descendants": told.descendants(catalogue, student.name), "cards": told.cards(catalogue, student.name),
        "tested": list(told.tested(facts, held)),
        "seatings": catalogue.rows("SELECT * FROM seatings WHERE :name IN (student, holder)", {"name": student.name}),
        "moves": [move for move in told.moves(catalogue) if student.name in (move["before"], move["after"])],
        "unexamined": facts.get(student.round, {}).get("unexamined", ""),
        "retrains": facts.get(student.round, {}).get("retrains", 0),
        "losses": _losses(student), "older": _beside(known, student, -1), "newer": _beside(known, student, 1),
    }  # fmt: skip
    if student.exam:
        values |= _examined(catalogue, student.exam, request.query_params)
    return page(request, "policy.html", values)


def _beside(known: list[told.Student], one: told.Student, step: int) -> str:
    at = known.index(one) + step
    return known[at].name if 0 <= at < len(known) else ""


def _losses(one: told.Student) -> str:
    losses = one.training.get("losses", [])
    return spark(losses, title=f"Loss of {one.name} while it was trained", width=220, height=44) if losses else ""


def _examined(catalogue: Catalogue, exam: told.Exam, asked: Any) -> dict[str, Any]:
    sort = asked.get("items") if asked.get("items") in SORTS else "won"
    after = int(asked["after"]) if asked.get("after", "").isdecimal() and len(asked["after"]) < 9 else 0
    rows = catalogue.rows(
        f"SELECT * FROM exam_items WHERE round = :round AND NOT frozen AND {SORTS[sort]} AND number > :after "  # noqa: S608
        "ORDER BY number LIMIT :most",
        {"round": exam.round, "after": after, "most": ITEMS + 1},
    )
    domains = catalogue.rows("SELECT * FROM exam_domains WHERE round = :round ORDER BY domain", {"round": exam.round})
    return {
        "exam": exam, "domains": domains, "sort": sort, "items": rows[:ITEMS], "after": after,
        "further": rows[ITEMS - 1]["number"] if len(rows) > ITEMS else 0,
        "sorted": {name: _count(catalogue, exam.round, where) for name, where in SORTS.items()},
        "by_domain": bars(
            [
                Bar(f"{row['domain']}, {who}", row[who] / row["items"] if row["items"] else None, colour=colour,
                    note=f"{row[who]}/{row['items']}")
                for row in domains for who, colour in (("parent", "quiet"), ("student", "accent"))
            ],
            title="Right by domain, parent and student", unit="%", top=1, width=460,
        ),
    }  # fmt: skip


def _count(catalogue: Catalogue, number: int, where: str) -> int:
    query = f"SELECT count(*) AS n FROM exam_items WHERE round = :round AND NOT frozen AND {where}"  # noqa: S608
    return int(catalogue.rows(query, {"round": number})[0]["n"])


routes: tuple[Route, ...] = (
    Route("/s/{session}/policies", policies),
    Route("/s/{session}/policies/{name}", policy),
)
