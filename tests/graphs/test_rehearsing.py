"""A rehearsal asks what play asked, of whoever holds the seat, and weighs what comes as play does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.errors import ConfigError, EndpointError, SessionError
from noria.evaluators.registry import domains
from noria.fence import settled
from noria.graphs.rehearsing import asked, rehearsal
from noria.graphs.rehearsing.question import Question
from noria.graphs.rehearsing.questions import Source
from noria.graphs.rehearsing.weighing import weigh
from noria.graphs.steering.taking import in_force
from noria.identity import canonical_json
from noria.inference.fake_server import FakeServer
from noria.inference.vllm_server import running
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Turn
from tests import build
from tests.graphs.steered import played, saying, settings

CHANGED = "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\nuser:\nNow: {{ instruction }}\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    rules = settings(
        tmp_path_factory.mktemp("rehearsed"),
        domains={"arithmetic": (1, 2), "text_ops": (1,), "constraints": (1,)},
        play={"episodes": 24, "batch": 12, "attempts": 3},
    )
    acts = {(1, 2): saying("note", text="more rivers", batches=1)}
    played(rules, acts)
    ledger, known = Ledger(rules.session), domains(dict(rules.domains))[0]
    yield Source(History(ledger), rules, known, build.RUNNER)
    ledger.close()


async def every(source: Source, template: str, episode: str = "") -> list[Question]:
    return [one async for one in source.questions(template, episode)]


def asked_in_play(source: Source, one: Question) -> list[Turn]:
    name = one.ask.template
    return [turn for turn in source.history.trace(one.dealt.episode) if turn.template.startswith(f"{name}@")]


@pytest.mark.parametrize("name", ["generator", "solver", "critic", "adversary", "judge", "reword"])
async def test_a_question_made_again_is_the_question_that_was_asked(source: Source, name: str) -> None:
    found = await every(source, name)
    templates = in_force(source.history, source.config)
    same = 0
    for one in found:
        sheet = rehearsal.sheet(source, templates, one)
        again = [settled(part.content) for part in rehearsal.messages(one, sheet.templates[name], sheet.notes)]
        kept = [[settled(part.content) for part in turn.messages] for turn in asked_in_play(source, one)]
        # A probe by program that held leaves the adversary unasked.
        assert not kept or again in kept, (again, kept)
        same += bool(kept)
    assert same > 3


async def test_a_methods_own_template_is_not_asked_again_as_if_it_were_the_judges(source: Source) -> None:
    with pytest.raises(SessionError, match="'coach' is a method's own template"):
        await every(source, "coach")


async def test_the_notes_of_its_batch_stand_in_what_an_episode_asked(source: Source) -> None:
    templates = in_force(source.history, source.config)
    told = {
        one.dealt.position // 12: rehearsal.sheet(source, templates, one).notes
        for one in await every(source, "generator")
    }
    assert told == {0: (), 1: ("more rivers",)}


async def test_seeds_are_spread_over_domains_and_levels(source: Source) -> None:
    chosen = await rehearsal.chosen(source, "generator", 4)
    assert len({(one.dealt.domain, one.dealt.level) for one in chosen}) == 4
    with pytest.raises(ConfigError, match="has not asked with 'entails' yet"):
        await rehearsal.chosen(source, "entails", 4)
    with pytest.raises(SessionError, match="no episode 'nothing'"):
        await every(source, "generator", "nothing")


def reply(one: Question, said: str, finish: str = "stop") -> Turn:
    return build.turn(one.dealt.episode, one.role, replies=(said,), finish=(finish,))


async def marks(source: Source, one: Question, said: str, finish: str = "stop") -> list[str]:
    found = await weigh(one, reply(one, said, finish), source.history, source.runner)
    return [name for name, earned in found.marks.items() if earned]


async def test_a_proposal_earns_its_marks_one_by_one(source: Source) -> None:
    one = next(
        q for q in await every(source, "generator")
        if q.dealt.domain == "arithmetic" and source.history.episode(q.dealt.episode).outcome == "accepted"  # type: ignore[union-attr]
    )  # fmt: skip
    assert await marks(source, one, "no JSON") == []
    (turn,) = asked_in_play(source, one)
    own = json.loads(turn.replies[0])
    assert await marks(source, one, turn.replies[0]) == ["parses", "in its window", "not reserved", "new"]
    assert await marks(source, one, turn.replies[0], "length") == []
    far = canonical_json({**own, "a": 98765})
    assert "in its window" not in await marks(source, one, far)
    # Another episode that is handed the same proposal finds it claimed.
    other = next(q for q in await every(source, "generator") if q.dealt.episode != one.dealt.episode
                 and (q.dealt.domain, q.dealt.level) == (one.dealt.domain, one.dealt.level))  # fmt: skip
    assert "new" not in await marks(source, other, turn.replies[0])


async def test_other_seats_earn_what_programs_say(source: Source) -> None:
    solver = next(q for q in await every(source, "solver") if q.dealt.domain == "arithmetic")
    assert solver.task is not None
    right = str(solver.task.grounding.facts["answer"])
    assert await marks(source, solver, right) == ["parses", "right"]
    assert await marks(source, solver, right + "1") == ["parses"]
    (judge, *_) = await every(source, "judge")
    assert await marks(source, judge, "accept") == ["parses", "right"]
    assert await marks(source, judge, "reject") == ["parses"]
    assert await marks(source, judge, "perhaps") == []
    (critic, *_) = await every(source, "critic")
    assert await marks(source, critic, '{"faults": ["clumsy"], "revise": true, "advice": ""}') == ["parses"]
    assert await marks(source, critic, '{"faults": ["ugly"], "revise": true, "advice": ""}') == []
    (reword, *_) = await every(source, "reword")
    assert reword.task is not None
    assert await marks(source, reword, canonical_json({"instruction": "Do something else."})) == ["parses"]


def owned(source: Source, name: str, pid: int, server: FakeServer | None = None) -> Path:
    """The record that the owner of a server leaves."""
    born = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    path = source.config.session / asked.SERVERS / f"{name}.owner.json"
    path.parent.mkdir(exist_ok=True)
    port, key = (server.port, server.key) if server else (1, "")
    path.write_text(json.dumps({"pid": pid, "born": born, "line": "x", "port": port, "key": key}))
    return path


async def test_the_sessions_own_server_is_asked_and_nothing_is_written(source: Source) -> None:
    chosen = await rehearsal.chosen(source, "solver", 3)
    templates = in_force(source.history, source.config)
    turns = [len(source.history.trace(one.dealt.episode)) for one in chosen]
    async with FakeServer(("base",), key="secret") as server:
        path = owned(source, "base", os.getpid(), server)
        whom = asked.seated(source, chosen[0])
        new = templates.using({"solver": CHANGED})["solver"]
        pairs = await rehearsal.rehearse(
            source, whom.client, whom.model, chosen, templates["solver"], new, lambda one: ()
        )
        await whom.client.close()
        assert server.calls == 6
    path.unlink()
    assert whom.said == "base, on the session's own server"
    assert [pair.b.turn.messages[-1].content for pair in pairs] == [f"Now: {one.seed}" for one in chosen]
    assert [len(source.history.trace(one.dealt.episode)) for one in chosen] == turns


def test_a_server_that_rests_or_is_gone_is_named(source: Source) -> None:
    (one, *_) = asyncio.run(every(source, "solver"))
    with pytest.raises(EndpointError, match="the session is not running"):
        asked.seated(source, one)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    path = owned(source, "base", child.pid)
    try:
        os.kill(child.pid, signal.SIGSTOP)
        while (found := running(path.parent, "base")) is None or not found.rests:
            time.sleep(0.01)
        with pytest.raises(EndpointError, match="rests while a student is trained"):
            asked.seated(source, one)
    finally:
        child.kill()
        child.wait()
    assert running(path.parent, "base") is None
    path.write_text("{")
    assert running(path.parent, "base") is None
    path.unlink()
