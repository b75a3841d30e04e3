"""Sessions that a purge goes through, midway and at their end: what was learned from it leaves, the wheel turns on."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import RunError, SessionError
from noria.graphs.learning import promote
from noria.graphs.opening import Watch
from noria.graphs.opening import opened as open_session
from noria.graphs.run import run
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.ledger import Ledger
from noria.memory.moves import ancestors, moves, withdrawn
from noria.memory.neighbours import Neighbours, catch_up, rebuild
from noria.memory.purge import Purge, carry_out, of_ids, of_policy, of_source, of_verifier, plan, trains_yet
from noria.memory.withdrawals import Withdrawals
from noria.types import Policy, Reason
from tests import build

BASE: dict[str, Any] = {
    "domains": {"arithmetic": (1, 2)},
    "play": {"episodes": 16, "batch": 8, "attempts": 2},
    "exam": {"items": 40},
    "train": {"min_rows": 1, "replay": 1.0, "generator_rows": 1.0},
    "verifiers": {"planted": 0},
}


def settings(folder: Path, rounds: int = 2, **changes: Any) -> SessionConfig:
    return build.config(folder, **BASE | {"stop": {"rounds": rounds}} | changes)


def learned(request: Request) -> Any:
    """A puppet that training helps: a student solves its sums, its base hardly ever does."""
    return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)


def played(rules: SessionConfig, script: Any = learned, watch: Watch | None = None) -> dict[str, Any]:
    return asyncio.run(run(rules, build.means(rules, script), watch))


def cut(rules: SessionConfig, script: Any = learned, watch: Watch | None = None) -> None:
    with pytest.raises(RunError, match="cut off"):
        played(rules, script, watch)


def opened(rules: SessionConfig, write: bool = False) -> History:
    return History(Ledger(rules.session, write=write))


def purged(rules: SessionConfig, root: Any, *, retrain: bool = False) -> tuple[Purge, int]:
    """Plan and do: what was planned, and the round that trains again."""
    history = opened(rules, write=True)
    found = plan(history, root(history))
    number = carry_out(history, found, retrain=retrain)
    index = Neighbours(rules.session)
    asyncio.run(catch_up(history, index))
    assert index.count() == len(history.samples(role="solver"))
    index.close()
    assert rebuild(rules.session, history) == len(history.samples(role="solver"))
    history.ledger.close()
    return found, number


def student(history: History, name: str = "") -> Policy:
    found = history.policy(name) if name else history.pointer("student")
    assert found is not None
    return found


def no_withdrawn_is_learned(history: History, name: str) -> None:
    given = list(Learned(history).of(student(history, name)))
    assert given
    assert Withdrawals(history.ledger).among(given) == {}


def test_a_purge_midway_and_the_session_goes_on_without_the_policy(tmp_path: Path) -> None:
    rules = settings(tmp_path, play={"episodes": 24, "batch": 8, "attempts": 2})
    asked = 0

    def short(request: Request) -> Any:
        nonlocal asked
        # Exams are answered greedily: what is warm is a hand of round 2.
        asked += request.model.startswith("student") and request.role == "solver" and request.temperature > 0
        # The first batch of round 2 asks at most 8: here the second has been solved.
        if asked > 8 and request.role == "critic":
            raise RunError("cut off")
        return learned(request)

    cut(rules, short)
    history = opened(rules)
    one = student(history, "student-r0001")
    before = {sample.id for sample in history.samples()}
    wrote = {sample.id for sample in history.samples() if sample.provenance.policy == one.id}
    begun = {dealt.episode for dealt in history.deal(2)} - history.ended(2)
    spoken = {key for key in begun if any(turn.policy == one.id for turn in history.trace(key))}
    assert wrote
    assert spoken
    history.ledger.close()

    found, number = purged(rules, lambda story: of_policy(story, "student-r0001"), retrain=True)
    assert {key for ids in found.samples.values() for key in ids} == wrote
    assert found.policies == {one.id: "it was purged"}
    assert (found.retrains, number) == (1, 0), "the round that runs trains from the base, on what stands"
    assert found.back_to is not None
    assert found.back_to.name == "base"

    summary = played(rules)
    assert summary["finished"] == "rounds: 2 played"
    history = opened(rules)
    for key in spoken:
        episode = history.episode(key)
        assert episode is not None
        assert (episode.outcome, episode.reason) == ("refused", Reason.WITHDRAWN)
        assert "student-r0001 was purged before it ended" in episode.evidence
    after = [sample for sample in history.samples(withdrawn=True) if sample.id not in before]
    assert after, "the base played on in its seat"
    assert one.id not in {sample.provenance.policy for sample in after}
    no_withdrawn_is_learned(history, "student-r0002")
    assert summary["samples"]["withdrawn"] == len([key for key in wrote if key in before])
    assert summary["samples"]["accepted"] == len(history.samples(role="solver"))
    assert summary["purges"] == [
        {"root": "--policy student-r0001", "at": summary["purges"][0]["at"], "samples": len(wrote), "policies": 1}
    ]
    # The next student was examined against the base, and beat it in its own right.
    assert [exam.parent for exam in history.exams()] == [history.pointer("base").id] * 2  # type: ignore[union-attr]
    assert student(history).name == "student-r0002"
    history.ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished session of two rounds, its first student promoted."""
    folder = tmp_path_factory.mktemp("whole")
    played(settings(folder))
    return folder


@pytest.fixture
def finished(whole: Path, tmp_path: Path) -> SessionConfig:
    """A copy of it to purge."""
    import shutil

    shutil.copytree(whole / "session", tmp_path / "session")
    return settings(tmp_path)


def test_a_finished_session_trains_its_student_again_without_them(finished: SessionConfig) -> None:
    history = opened(finished)
    assert student(history).name == "student-r0001"
    first = next(one for one in Learned(history).of(student(history)))
    history.ledger.close()
    found, number = purged(finished, lambda story: of_ids(story, [first]), retrain=True)
    assert number == 3
    assert found.retrains == 1
    assert found.policies.keys() >= {found.student.id if found.student else ""}
    # What the student wrote later goes with it, for it was learned from what is withdrawn.
    assert found.count > 1
    assert "student-r0001 wrote it, having learned from what was withdrawn" in found.samples

    summary = played(finished)
    assert summary["finished"] == "rounds: 3 played"
    again = summary["rounds"][2]
    assert (again["retrains"], again["funnel"]["dealt"]) == (1, 0)
    assert again["rows"]["new"] > 0
    history = opened(finished)
    no_withdrawn_is_learned(history, "student-r0003")
    rounds = {one.provenance.round for one in history.samples()}
    assert rounds <= {1, 2}
    exam = history.exams()[-1]
    assert (exam.round, history.policy(exam.parent).name) == (3, "base")  # type: ignore[union-attr]
    assert exam.promoted
    assert student(history).name == "student-r0003"
    assert [one["name"] for one in summary["policies"] if one["tainted"]] == ["student-r0001", "student-r0002"]
    history.ledger.close()
    assert played(finished) == summary, "a session that was trained again is finished again"


def test_a_student_that_waits_for_its_exam_is_neither_examined_nor_promoted(tmp_path: Path) -> None:
    rules = settings(tmp_path, rounds=1)

    def at_the_exam(event: str, facts: dict[str, Any]) -> None:
        if event == "stage" and facts["stage"] == "examine":
            raise RunError("cut off")

    cut(rules, watch=Watch(at_the_exam))
    history = opened(rules)
    first = next(one for one in Learned(history).of(student(history, "student-r0001")))
    assert not trains_yet(history)
    history.ledger.close()
    found, number = purged(rules, lambda story: of_ids(story, [first]), retrain=True)
    assert (found.back_to, found.retrains, number) == (None, 1, 2)
    summary = played(rules)
    assert summary["finished"] == "rounds: 2 played"
    assert summary["rounds"][0]["unexamined"] == "student-r0001 is tainted: it learned from what was withdrawn"
    assert summary["rounds"][1]["retrains"] == 1
    assert [exam["round"] for exam in summary["exams"]] == [2]
    history = opened(rules)
    no_withdrawn_is_learned(history, "student-r0002")
    assert student(history).name == "student-r0002"
    history.ledger.close()


def test_a_promotion_that_was_decided_and_not_made_is_not_made(tmp_path: Path) -> None:
    rules = settings(tmp_path, rounds=1)

    def after_the_exam(event: str, facts: dict[str, Any]) -> None:
        if event == "exam":
            raise RunError("cut off")

    cut(rules, watch=Watch(after_the_exam))
    purged(rules, lambda story: of_policy(story, "student-r0001"))
    summary = played(rules)
    assert summary["exams"][0]["promoted"]
    assert [one["name"] for one in summary["policies"] if one["current"]] == ["base"]

    # Nor is one whose promotion had begun.
    async def again() -> str:
        async with open_session(rules, build.means(rules, learned), Watch()) as context:
            await promote(context, 1, context.policy("student-r0001").id)
            return context.pointer("student").name

    assert asyncio.run(again()) == "base"


def test_the_student_steps_back_to_the_newest_forebear_that_is_clean(tmp_path: Path) -> None:
    """Three promotions; the second is purged, and the third learned from it."""
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)

    async def write() -> None:
        await history.keep_policy(build.policy(), "base", "student")
        parent = "policy-base"
        for number in (1, 2, 3):
            one = build.policy(f"student-r{number:04}", round=number, student=True, parents=("policy-base",))
            given = {"samples": [f"sample-{at}" for at in (1, 2) if at < number]}
            await history.keep_policy(one.model_copy(update={"training": given}), "student")
            story: dict[str, Any] = {
                "policy": one.id,
                "episode": f"episode-{number}",
                "round": number,
                "critic": one.id,
            }
            await history.settle(
                build.episode(f"episode-{number}", position=number), [build.sample(f"sample-{number}", **story)]
            )
            await history.keep_exam(build.exam(number, parent, one.id), [])
            parent = one.id

    asyncio.run(write())
    found = plan(history, of_policy(history, "student-r0002"))
    assert found.back_to is not None
    assert found.back_to.name == "student-r0001"
    assert found.policies == {
        "policy-student-r0002": "it was purged", "policy-student-r0003": "it learned from what student-r0002 wrote"
    }  # fmt: skip
    assert found.samples == {
        "student-r0002 wrote it": ["sample-2"],
        "student-r0003 wrote it, having learned from what was withdrawn": ["sample-3"],
    }
    assert found.left == 1
    carry_out(history, found, retrain=False)
    assert student(history).name == "student-r0001"
    (move,) = moves(history)
    assert (move.cause, move.before, move.after) == ("purge", "policy-student-r0003", "policy-student-r0001")
    assert withdrawn(history) == {"policy-student-r0002", "policy-student-r0003"}
    assert ancestors(history, "policy-student-r0001") == ["policy-base"]
    again = plan(history, of_policy(history, "student-r0002"))
    assert again.empty
    assert [one.id for one in history.samples()] == ["sample-1"]
    ledger.close()


def test_a_purge_is_one_transaction(finished: SessionConfig) -> None:
    history = opened(finished, write=True)
    found = plan(history, of_policy(history, "student-r0001"))
    with sqlite3.connect(history.ledger.path) as connection:
        connection.execute("DROP TABLE tainted")
    connection.close()
    with pytest.raises(SessionError):
        carry_out(history, found, retrain=True)
    with sqlite3.connect(history.ledger.path) as connection:
        assert connection.execute("SELECT count(*) FROM withdrawals").fetchone() == (0,)
    connection.close()
    assert student(history).name == "student-r0001"
    assert history.ledger.fact("finished")
    assert [number for number, _, _ in history.rounds()] == [1, 2]
    history.ledger.close()


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (lambda story: of_policy(story, "base"), "would empty the pool: every student grows from it"),
        (lambda story: of_verifier(story, "arithmetic@2"), "would empty the pool: none of the session's samples"),
        (lambda story: of_policy(story, "student-r0009"), "knows no policy 'student-r0009'"),
        (lambda story: of_verifier(story, "odd@1"), "knows no verifier 'odd@1'"),
        (lambda story: of_source(story, "seed-zz"), "knows no source 'seed-zz'"),
        (lambda story: of_ids(story, ["sample-zz"]), "knows no sample or episode 'sample-zz'"),
    ],
)  # fmt: skip
def test_a_purge_that_cannot_be_is_refused(whole: Path, root: Any, said: str) -> None:
    history = opened(settings(whole))
    with pytest.raises(SessionError) as fault:
        plan(history, root(history))
    assert said in str(fault.value)
    assert fault.value.status == 2
    history.ledger.close()


def test_an_endpoint_that_holds_a_seat_of_an_unfinished_session_is_not_purged(tmp_path: Path) -> None:
    rules = settings(
        tmp_path, endpoints={"big": {"url": "http://127.0.0.1:9/v1", "model": "m"}}, seats={"generator": "big"}
    )
    history = History(Ledger(tmp_path, write=True))

    async def write() -> None:
        await history.keep_fact("config", rules.model_dump_json())
        await history.keep_policy(build.policy("big"))
        await history.settle(
            build.episode(outcome="accepted"), [build.sample(generator="policy-big"), build.sample("b")]
        )

    asyncio.run(write())
    with pytest.raises(SessionError, match="nobody else may be generator"):
        plan(history, of_policy(history, "big"))
    asyncio.run(history.keep_fact("finished", "rounds: 1 played"))
    assert plan(history, of_policy(history, "big")).samples == {"big wrote it": ["sample-1"]}
    history.ledger.close()


def test_a_seed_that_is_withdrawn_takes_along_who_had_it_for_an_anchor(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    chat = (
        '{{"messages": [{{"role": "user", "content": "What is {0}?"}}, {{"role": "assistant", "content": "{0}"}}]}}\n'
    )
    rows.write_text("".join(chat.format(number) for number in range(1, 5)))
    rules = settings(tmp_path, rounds=1, seeds={"rows": rows}, train={"min_rows": 1, "anchors": 5.0})
    played(rules)
    history = opened(rules)
    seed = history.seeds()[0].id
    assert seed in set(Learned(history).of(student(history, "student-r0001")))
    grown = {one.id for one in history.samples() if one.provenance.seed == seed}
    history.ledger.close()
    found, _ = purged(rules, lambda story: of_source(story, seed))
    assert {key for ids in found.samples.values() for key in ids} == grown
    assert [found.names[one] for one in found.policies] == ["student-r0001"]
    history = opened(rules)
    assert seed not in {one.id for one in history.seeds()}
    history.ledger.close()
