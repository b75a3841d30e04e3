"""A session that waits for a person: paused, or for rulings on samples and students; left, killed, gone on with."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import ConfigError, SessionError
from noria.graphs.context import Context
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.graphs.steering import asking
from noria.memory.learned import Learned
from noria.memory.ledger import FILE
from noria.memory.neighbours import Neighbours
from noria.memory.steps import Steps
from noria.memory.verification import verify
from noria.memory.withdrawals import PERSON, Withdrawals
from tests import build
from tests.graphs.steered import acting, learned, played, reading, saying, settings


async def meanwhile(
    rules: SessionConfig, acts: dict[tuple[int, int], Any], person: Callable[[], Any], watch: Watch | None = None
) -> dict[str, Any]:
    """A session that plays while a person does something from another thread."""
    with acting(acts):
        session = asyncio.create_task(run(rules, build.means(rules, learned), watch))
        try:
            await asyncio.to_thread(person)
        finally:
            if session.done() or asyncio.current_task().cancelling():  # type: ignore[union-attr]
                session.cancel()
        return await asyncio.wait_for(session, 120)


def until(session: Path, what: str) -> dict[str, Any]:
    """What a session waits for, once it waits for that."""
    import time

    for _ in range(1200):
        if (session / FILE).is_file():
            try:
                found = asking.waiting(session)
            except SessionError:  # it has a file and no table yet
                found = {"state": ""}
            if found["state"] == "waiting" and found["for"] == what:
                return found
        time.sleep(0.05)
    raise AssertionError(f"it never waited for {what}")


async def test_a_paused_session_stands_still_and_says_so_until_it_is_let_go_on(tmp_path: Path) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    rules = settings(tmp_path)

    def person() -> None:
        found = until(rules.session, "pause")
        assert found["paused"]
        assert "noria go-on" in found["said"]
        assert "paused already" in asking.pause(rules.session)["said"]
        assert asking.note(rules.session, "while it stands")["live"]
        assert asking.go_on(rules.session)["said"] == "It goes on."

    # The watch speaks once anything that is waited for is quiet that long; a pause is no such thing.
    watch = Watch(tell=lambda event, facts: told.append((event, facts)), quiet=0.2)
    found = await meanwhile(rules, {(1, 2): saying("pause")}, person, watch)
    assert found["finished"] == "rounds: 1 played"
    events = [event for event, _ in told]
    assert events.count("holds") == events.count("goes_on") == 1
    assert "waiting" not in events[events.index("holds") : events.index("goes_on")]
    with reading(rules) as history:
        assert [one.kind for one in Steps(history).each()] == ["pause", "note", "go_on"]
        assert [one.notes != () for one in Steps(history).batches()] == [False, True, True]
    assert asking.waiting(rules.session)["state"] == "finished"


def test_a_session_that_is_left_while_it_is_paused_is_paused_still_and_resumed(tmp_path: Path) -> None:
    rules, whole = settings(tmp_path / "1"), settings(tmp_path / "2")
    contexts: list[Context] = []

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "holds":
            contexts[0].leave()

    with pytest.raises(asyncio.CancelledError):
        played(rules, {(1, 2): saying("pause")}, Watch(tell=tell, opened=contexts.append))
    found = asking.waiting(rules.session)
    assert (found["state"], found["paused"]) == ("at_rest", True)
    with pytest.raises(SessionError, match="Nobody runs"):
        asking.pause(rules.session)
    told: list[str] = []
    watch = Watch(tell=lambda event, facts: told.append(facts["said"]) if event == "steered" else None)
    assert played(rules, watch=watch)["finished"] == "rounds: 1 played"
    assert told == ["it was paused when its process ended, and goes on now"]
    played(whole)
    with reading(rules) as one, reading(whole) as two:
        # In what order the answers of a batch come back is the endpoint's, so the samples are compared as a set.
        assert sorted(sample.id for sample in one.samples()) == sorted(sample.id for sample in two.samples())
        assert [kind.kind for kind in Steps(one).each()] == ["pause", "go_on"]


async def test_accepted_samples_wait_for_a_person_and_what_is_refused_is_never_learned(tmp_path: Path) -> None:
    rules = settings(tmp_path, approve={"samples": True}, play={"episodes": 8, "batch": 4, "attempts": 2})
    refused: list[str] = []

    def person() -> None:
        for _ in range(2):
            found = until(rules.session, "samples")
            first, *others = found["samples"]
            assert first["instruction"]
            assert first["response"]
            with pytest.raises(SessionError, match="is empty"):
                asking.rule(rules.session, first["id"], "refuse")
            said = asking.rule(rules.session, first["id"], "refuse", "not of use")
            assert said["ruled"] == [first["id"]]
            refused.append(first["id"])
            with pytest.raises(SessionError, match="is withdrawn already"):
                asking.rule(rules.session, first["id"], "approve")
            if others:
                asking.rule(rules.session, [one["id"] for one in others], "approve")

    found = await meanwhile(rules, {}, person)
    assert found["steering"]["refused"] == 2
    assert found["steering"]["withdrawn"] == 4
    assert found["purges"] == []
    with reading(rules) as history:
        assert verify(history.ledger).samples == len(history.samples(withdrawn=True))
        gone = Withdrawals(history.ledger)
        assert {gone.of(one).root for one in refused} == {PERSON}  # type: ignore[union-attr]
        assert gone.of(refused[0]).why == "not of use"  # type: ignore[union-attr]
        student = history.policy("student-r0001")
        assert student is not None
        given = set(Learned(history).of(student))
        assert given
        assert not given & set(gone.among([one.id for one in history.samples(withdrawn=True)]))
        standing = {one.id for one in history.samples(role="solver")}
        assert {one.name for one in Steps(history).each("approve")} == standing
        index = Neighbours(rules.session)
        assert index.count() == len(standing)
        index.close()


@pytest.mark.parametrize("ruling", ["approve", "refuse"])
async def test_a_student_that_passed_waits_for_a_person(tmp_path: Path, ruling: str) -> None:
    rules = settings(tmp_path, approve={"students": True}, exam={"items": 40})

    def person() -> None:
        found = until(rules.session, "student")
        assert found["student"]["name"] == "student-r0001"
        assert found["student"]["student_right"] > found["student"]["parent_right"]
        asking.rule(rules.session, "student-r0001", ruling, "" if ruling == "approve" else "it is rude")

    found = await meanwhile(rules, {}, person)
    names = [one["name"] for one in found["policies"] if one["current"]]
    assert names == (["student-r0001"] if ruling == "approve" else ["base"])
    kept_out = "" if ruling == "approve" else "student-r0001 is refused by a person: it is rude"
    assert found["rounds"][0]["kept_out"] == kept_out
    with pytest.raises(SessionError, match="was ruled on already"):
        asking.rule(rules.session, "student-r0001", "refuse", "too late")


def test_a_sample_of_a_session_at_rest_may_be_refused_and_says_who_learned_it(tmp_path: Path) -> None:
    rules = settings(tmp_path)
    played(rules, script=learned)
    with reading(rules) as history:
        given = set(Learned(history).of(history.policy("student-r0001")))  # type: ignore[arg-type]
        sample = next(one for one in history.samples(role="solver") if one.id in given)
    said = asking.rule(rules.session, sample.provenance.episode, "refuse", "wrong tone")
    assert not said["live"]
    assert said["learned_by"] == ["student-r0001"]
    assert "`noria purge`" in said["said"]
    with reading(rules) as history:
        assert sample.id not in {one.id for one in history.samples()}
        assert not [one for one in history.samples() if one.provenance.episode == sample.provenance.episode]
    for things, ruling, why, match in (
        ("sample-nobody", "refuse", "why", "knows no"), (sample.id, "praise", "", "`approve` or `refuse`"),
        ([], "approve", "", "names 1 to"), (sample.id, "refuse", "\u202eback", "invisible"),
    ):  # fmt: skip
        with pytest.raises((SessionError, ConfigError), match=match):
            asking.rule(rules.session, things, ruling, why)
