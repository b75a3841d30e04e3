"""Seats are earned: who is better at a role takes its seat, and a holder that is rolled back loses it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from noria.config import SessionConfig
from noria.errors import RunError
from noria.evaluators import probes, role_items
from noria.fence import settled
from noria.graphs import learning, seating
from noria.graphs.context import Context
from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.graphs.serving import fill
from noria.graphs.stepping import settle_fleet
from noria.identity import canonical_json
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import Script, ScriptedClient
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.seatings import held, holders, keep_seating, seating_items, seatings
from noria.memory.withdrawals import tainting
from noria.types import Exam, RoleExam
from tests import build
from tests.cli.shell import load, right
from tests.graphs.test_session import TWO, honest, learned

ITEMS = 60
STUDENT = "student-r0001"


def settings(folder: Path, *roles: str, **changes: Any) -> SessionConfig:
    seats = dict.fromkeys(("generator", "critic", "adversary", "judge"), "base") | dict.fromkeys(roles, "student")
    return build.config(folder, seats=seats, roles={"items": ITEMS}, **({"stop": {"rounds": 3}} | changes))


def exam(student: str, parent: str, number: int, promoted: bool = True) -> Exam:
    return Exam(
        id=f"exam-{number}", round=number, parent=parent, student=student, items=1, parent_right=0, student_right=1,
        wins=1, losses=0, p_value=0.5, alpha=0.05, parent_interval=(0, 1), student_interval=(0, 1), domains=(),
        skills={}, promoted=promoted, why="", seconds=0,
    )  # fmt: skip


async def promoted(context: Context, number: int) -> str:
    """A student that was examined against the current one, and promoted over it."""
    name = learning.student_name(number)
    policy = build.policy(name, student=True, round=number, parents=(context.pointer("base").id,))
    await context.history.keep_policy(policy)
    await context.history.keep_exam(exam(policy.id, context.pointer("student").id, number), [])
    await learning.promote(context, number, policy.id)
    return policy.id


@asynccontextmanager
async def playing(config: SessionConfig, script: Script) -> AsyncIterator[tuple[Context, ScriptedClient]]:
    client = ScriptedClient(script)
    async with opened(config, build.means(config, client=client), Watch()) as context:
        yield context, client


def junk(request: Request) -> str:
    return "junk"


def proposes(request: Request) -> Any:
    return Puppet()(request)


def accepts(request: Request) -> str:
    return "accept"


def judges(request: Request) -> str:
    return "accept" if honest(settled(request.messages[-1].content)) else "reject"


def calm(request: Request) -> str:
    return canonical_json({"faults": [], "revise": False, "advice": ""})


def faults() -> Script:
    """A critic that knows what was planted."""
    items = role_items.wordings("0/roles-r0001/critic", ITEMS, lambda kind: kind.name == "arithmetic")
    bad = {" ".join(one.task.instruction.split()) for one in items if one.fault != "good"}

    def script(request: Request) -> str:
        said = re.search(r"Task: (.*?)\nAnswer:", settled(request.messages[-1].content), re.DOTALL)
        assert said
        named = ["unclear"] if " ".join(said[1].split()) in bad else []
        return canonical_json({"faults": named, "revise": bool(named), "advice": ""})

    return script


def gives_up(request: Request) -> str:
    return canonical_json({"kind": "ambiguity", "answer": "I do not know.", "claim": "odd"})


def breaks() -> Script:
    """An adversary that tried before what beats the planted verifiers."""
    items = role_items.candidates("0/roles-r0001/adversary", ITEMS, lambda kind: kind.name == "arithmetic")
    found: dict[str, str] = {}

    async def tried() -> None:
        for one in (one for one in items if one.weak_verifier):
            for answer in ("", "7", "NaN", probes.LONG, " ".join(map(str, range(800))), one.task.instruction):
                probe = await probes.claimed(one.domain, one.task, "shortcut", answer, "", build.RUNNER)
                if probe.beat:
                    found[one.task.instruction] = answer

    asyncio.run(tried())
    assert len(found) > 7

    def script(request: Request) -> str:
        text = settled(request.messages[-1].content)
        answer = next((answer for said, answer in found.items() if said in text), "I do not know.")
        return canonical_json({"kind": "shortcut", "answer": answer, "claim": ""})

    return script


ROLES: dict[str, tuple[Script, Callable[[], Script]]] = {
    "generator": (junk, lambda: proposes),
    "judge": (accepts, lambda: judges),
    "critic": (calm, faults),
    "adversary": (gives_up, breaks),
}


@pytest.mark.parametrize("role", ROLES)
def test_a_student_that_is_better_at_a_role_takes_its_seat_and_an_equal_or_worse_one_does_not(
    tmp_path: Path, role: Any
) -> None:
    bad, make = ROLES[role]
    good = make()

    async def sat(folder: Path, holder: Script, student: Script) -> tuple[RoleExam, bool]:
        def script(request: Request) -> Any:
            return (student if request.model == STUDENT else holder)(request)

        async with playing(settings(folder, role), script) as (context, client):
            one = await promoted(context, 1)
            before = context.seats()
            assert before[role] == context.pointer("base").id
            await seating.seat(context, 1, one)
            (found,) = seatings(context.history)
            items = seating_items(context.history, 1, role)
            assert len(items) == found.items == found.calls / 2 == len(client.requests) / 2
            assert [item.won for item in items].count(1) == found.wins
            assert found.completion_tokens > 0
            assert {item: after for item, after in context.seats().items() if after != before[item]} == (
                {role: one} if found.seated else {}
            )
            return found, found.seated

    better, seated = asyncio.run(sat(tmp_path / "better", bad, good))
    assert seated, better.why
    assert "under" in better.why
    for name, holder, student in (("equal", good, good), ("worse", good, bad)):
        found, seated = asyncio.run(sat(tmp_path / name, holder, student))
        assert not seated, found.why
        assert "needed under" in found.why


async def test_a_judge_that_beats_its_holder_but_ties_with_chance_never_sits(tmp_path: Path) -> None:
    def script(request: Request) -> str:
        if request.model == STUDENT:
            return "accept"
        return "reject" if honest(settled(request.messages[-1].content)) else "accept"

    async with playing(settings(tmp_path, "judge"), script) as (context, _):
        await seating.seat(context, 1, await promoted(context, 1))
        (found,) = seatings(context.history)
        assert found.p_value < found.alpha
        assert not found.seated
        assert "does not tell bad from sound" in found.why
        assert context.seats()["judge"] == context.pointer("base").id


async def test_a_seat_that_cannot_be_earned_or_played_in_costs_no_call(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = [
        {"stop": {"rounds": 1}},
        {"roles": {"items": 0}},
        {"seats": {"judge": "base", "generator": "base"}},
    ]
    for at, changes in enumerate(cases):
        config = build.config(tmp_path / str(at), **({"stop": {"rounds": 3}} | changes))
        async with playing(config, Puppet()) as (context, client):
            await seating.seat(context, 1, await promoted(context, 1))
            assert client.requests == []
            assert seatings(context.history) == []
            assert context.history.round(1).get("unseated", "") == (
                "no round is left to play in another seat" if at == 0 else ""
            )


async def test_an_exam_that_is_held_is_not_held_again(tmp_path: Path) -> None:
    async with playing(settings(tmp_path, "judge"), Puppet()) as (context, client):
        student = await promoted(context, 1)
        await seating.seat(context, 1, student)
        asked = len(client.requests)
        await seating.seat(context, 1, student)
        assert len(client.requests) == asked == 2 * ITEMS


async def test_what_an_exam_proposes_takes_no_candidates_place(tmp_path: Path) -> None:
    async with playing(settings(tmp_path, "generator"), Puppet()) as (context, _):
        await seating.seat(context, 1, await promoted(context, 1))
        (found,) = seatings(context.history)
        assert found.student_right > 0
        assert list(found.student_marks) == ["well formed", "new", "grounded", "checkable", "own words"]
        reached = [count for count, _ in found.student_marks.values()]
        assert reached == sorted(reached, reverse=True)
        assert context.history.ledger.rows(select(tables.claims)) == []
        assert context.history.deal(2) == []


async def test_a_holder_that_is_rolled_back_loses_the_seat_to_the_holder_before(tmp_path: Path) -> None:
    def scripted(request: Request) -> Any:
        better = {"base": False, "student-r0001": sum(map(ord, settled(request.messages[-1].content))) % 3 == 0}
        return Puppet()(request) if better.get(request.model, True) else "junk"

    async with playing(settings(tmp_path, "generator", stop={"rounds": 9}), scripted) as (context, _):
        base, one = context.pointer("base"), await promoted(context, 1)
        await seating.seat(context, 1, one)
        assert context.seats()["generator"] == one
        two = await promoted(context, 2)
        assert context.fleet.is_up(one)  # it still holds a seat
        await seating.seat(context, 2, two)
        assert context.seats()["generator"] == context.seats()["solver"] == two
        await settle_fleet(context)
        assert context.fleet.is_up(one)  # it holds none any more; a step back would lead to it
        assert held(context.history, {two})["generator"].policy == one  # whoever is withdrawn holds nothing
        await context.history.keep_policy(context.policy(one), "student")
        assert context.seats()["generator"] == context.seats()["solver"] == one
        await fill(context, context.seats())
        assert context.fleet.is_up(one)
        await context.history.ledger.write(*tainting("--policy student-r0001", 1.0, [(one, "it was named")]))
        assert context.seats()["generator"] == base.id
        await context.history.keep_policy(base, "student")
        assert set(context.seats().values()) == {base.id}


def seating_of(role: Any, number: int, student: str, seated: bool = True) -> RoleExam:
    return RoleExam(
        round=number, role=role, holder="base", student=student, items=1, holder_right=0, student_right=1, wins=1,
        losses=0, p_value=0.01, alpha=0.05, holder_marks={}, student_marks={}, seated=seated, why="",
    )  # fmt: skip


def test_holders_follow_from_the_rows_and_the_line() -> None:
    rows = [seating_of("generator", 1, "one"), seating_of("judge", 1, "one"), seating_of("judge", 2, "two")]

    def now(*line: str, more: tuple[RoleExam, ...] = ()) -> dict[str, str]:
        return {role: one.policy for role, one in holders([*rows, *more], line).items()}

    assert now("one", "base") == {"generator": "one", "judge": "one"}
    assert now("two", "one", "base") == {"generator": "one", "judge": "two"}
    # Two was rolled back and three was trained over one: what two earned is nobody's.
    assert now("three", "one", "base") == {"generator": "one", "judge": "one"}
    assert now("base") == now() == {}
    # One student besides the current one may hold seats: the one that earned one last.
    assert now("three", "two", "one", "base") == {"judge": "two"}
    assert now("three", "two", "one", "base", more=(seating_of("judge", 3, "three"),)) == {
        "generator": "one", "judge": "three",
    }  # fmt: skip
    assert now("two", "one", "base", more=(seating_of("critic", 2, "two", seated=False),)) == now("two", "one", "base")
    assert holders(rows, ["one"])["judge"].since == 2


async def test_the_chance_of_a_false_seating_is_spent_over_exams_and_seats(tmp_path: Path) -> None:
    async with playing(settings(tmp_path, "judge", "generator", stop={"rounds": 99}), Puppet()) as (context, _):
        await keep_seating(context.history, seating_of("judge", 3, "policy-other", seated=False), [])
        await seating.seat(context, 7, await promoted(context, 7))
        levels = {exam.alpha for exam in seatings(context.history, 7)}
    # The second exam of the session, whatever its round, for one of two seats.
    assert levels == {0.05 * 6 / (9.869604401089358 * 4) / 2}


def earning(request: Request) -> Any:
    """Training helps the student to solve, and to propose: its base writes junk for a proposal three times of four."""
    # By the prompt without the mark of its fence, which is another every time.
    said = settled(request.messages[-1].content)
    if request.role == "generator" and request.model == "base" and sum(map(ord, said)) % 4:
        return "junk"
    return learned(request)


def test_a_student_that_earned_the_generators_seat_generates_in_the_next_round(tmp_path: Path) -> None:
    config = build.config(tmp_path, **(TWO | {"play": {"episodes": 40, "attempts": 2}}))
    told: list[tuple[str, dict[str, Any]]] = []
    watch = Watch(tell=lambda event, facts: told.append((event, facts)))
    found = asyncio.run(run(config, build.means(config, earning), watch))
    assert found["finished"] == "rounds: 2 played"
    assert found["rounds"][0]["promoted"] == STUDENT
    assert {one["role"]: one["seated"] for one in found["seatings"]} == {"generator": True, "judge": False}
    assert found["rounds"][0]["seats"]["generator"] == "base"
    assert found["rounds"][1]["seats"]["generator"] == STUDENT
    assert found["rounds"][1]["seats"]["judge"] == "base"
    assert "seat" in found["rounds"][0]["stages"]
    assert [facts["exam"].role for event, facts in told if event == "seating"] == ["generator", "judge"]
    ledger = Ledger(config.session)
    history = History(ledger)
    student = history.policy(STUDENT)
    assert student
    kept = {(one.provenance.round, one.provenance.generator) for one in history.samples(role="generator")}
    wrote = {
        turn.policy for one in history.episodes(2) for turn in history.trace(one.id) if turn.key.role == "generator"
    }
    ledger.close()
    assert wrote == {student.id}
    assert kept == {(1, "policy-pretended"), (2, student.id)}
    said, status = right("seats", config.session), right("status", config.session)
    for text in (said, status):
        assert "student-r0001 takes the generator's seat from base: yield " in text
        assert "student-r0001 leaves the judge's seat to base: agreement with executed truth " in text
    assert "no round is left to play in another seat" not in status  # nobody was promoted in the last round
    shown = {one["role"]: one for one in load(right("seats", config.session, "--json"))}
    assert {role: (one["holder"], one["since"]) for role, one in shown.items()} == {
        "generator": (STUDENT, 2), "critic": ("base", 1), "adversary": ("base", 1), "judge": ("base", 1),
        "solver": (STUDENT, 2),
    }  # fmt: skip
    assert [len(one["exams"]) for one in shown.values()] == [1, 0, 0, 1, 0]
    assert len(shown["generator"]["exams"][0]["items"]) == 32


@pytest.mark.parametrize("after", [30, 120])
def test_an_exam_that_was_cut_off_pays_for_nothing_twice(tmp_path: Path, after: int) -> None:
    config, whole = build.config(tmp_path / "1", **TWO), build.config(tmp_path / "2", **TWO)
    left: list[int] = []

    def cut(request: Request) -> Any:
        if left:
            left[0] -= 1
            if left[0] < 0:
                raise RunError("cut off")
        return earning(request)

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "stage" and facts["stage"] == "seat":
            left.append(after)

    first, second = ScriptedClient(cut), ScriptedClient(earning)
    with pytest.raises(RunError):
        asyncio.run(run(config, build.means(config, client=first), Watch(tell=tell)))
    found = asyncio.run(run(config, build.means(config, client=second)))
    expected = asyncio.run(run(whole, build.means(whole, earning)))
    unpaid = -left[0]
    paid = len(first.requests) - unpaid + len(second.requests) + len(first.scored) + len(second.scored)
    assert paid == sum(one["calls"] for one in found["seats"])
    bare = [[{**one, "seconds": 0} for one in each["seatings"]] for each in (found, expected)]
    assert bare[0] == bare[1]
    assert len(bare[0]) == 2
    assert found["funnel"] == expected["funnel"]
