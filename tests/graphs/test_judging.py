"""A judge of its own training: `trained_judge` sits only by its exam, and `spin` asks the policy before."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from noria.agents.student import checked
from noria.evaluators.planted import plants
from noria.fence import settled
from noria.graphs import judging, playing, rounds
from noria.graphs.opening import Watch, opened
from noria.graphs.pairing import barring, paired
from noria.graphs.run import run
from noria.graphs.selecting import tools
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.ledger import Ledger
from noria.memory.moves import withdrawn
from noria.memory.seatings import held, seatings
from noria.memory.withdrawals import tainting
from noria.training.curate import Curated
from noria.training.export.contrast import plain
from noria.training.rows import Row
from noria.training.rulings import rulings
from tests import build
from tests.cli.shell import load, right
from tests.graphs.test_session import honest

JUDGE = "judge-r0001"


def settings(folder: Path, **changes: Any) -> Any:
    base: dict[str, Any] = {
        "play": {"episodes": 20, "attempts": 3}, "roles": {"items": 40}, "stop": {"rounds": 2},
        "seats": {"generator": "base"}, "methods": {"trained_judge": {}, "dpo": {}, "spin": {}},
    }  # fmt: skip
    return build.config(folder, **(base | changes))


def taught(request: Request) -> Any:
    """A judge that learned to tell right from wrong; the base accepts whatever it is shown."""
    if request.role != "judge" or "first" in request.choices:
        return Puppet()(request)
    if request.model.startswith("judge-r"):
        return "accept" if honest(settled(request.messages[-1].content)) else "reject"
    return "accept"


@pytest.fixture(scope="module")
def won(tmp_path_factory: pytest.TempPathFactory) -> Any:
    config = settings(tmp_path_factory.mktemp("won"))
    told: list[tuple[str, dict[str, Any]]] = []
    watch = Watch(tell=lambda event, facts: told.append((event, facts)))
    found = asyncio.run(run(config, build.means(config, taught), watch))
    return config, found, told


@pytest.fixture
def history(won: Any) -> Iterator[History]:
    ledger = Ledger(won[0].session, write=True)
    yield History(ledger)
    ledger.close()


def test_a_judge_that_passes_its_exam_judges_from_the_next_round_on(won: Any, history: History) -> None:
    config, found, _ = won
    (exam,) = seatings(history)
    judge = history.policy(JUDGE)
    assert judge
    assert (exam.role, exam.student, exam.seated) == ("judge", judge.id, True), exam.why
    assert not judge.student
    assert judge.parents == (history.pointer("base").id,)  # type: ignore[union-attr]
    assert [one["seats"]["judge"] for one in found["rounds"]] == ["base", JUDGE]
    ruled = {
        turn.policy for one in history.episodes(2) for turn in history.trace(one.id)
        if turn.key.role == "judge" and turn.key.attempt == 1
    }  # fmt: skip
    assert ruled == {judge.id}
    assert history.round(2)["unjudged"] == "no round is left to judge in"
    shown = {one["role"]: one for one in load(right("seats", config.session, "--json"))}["judge"]
    assert (shown["holder"], shown["since"], shown["how"]) == (JUDGE, 2, "earned by an exam")


async def test_it_holds_its_seat_when_resumed_and_loses_it_to_a_purge_of_what_it_learned(won: Any) -> None:
    config = won[0]
    async with opened(config, build.means(config, taught), Watch()) as context:
        judge = context.policy(JUDGE)
        assert context.seats()["judge"] == judge.id
        assert context.fleet.is_up(judge.id)
        # It hangs on no student: a rollback leaves it where it is.
        assert held(context.history, {context.pointer("student").id})["judge"].policy == judge.id
        assert set(Learned(context.history).of(judge)) <= {one.id for one in context.history.samples()}
        assert held(context.history, withdrawn(context.history) | {judge.id}).get("judge") is None


async def test_a_judge_that_is_no_better_is_kept_out_and_retired(tmp_path: Path) -> None:
    config, client = settings(tmp_path), ScriptedClient(lambda request: Puppet()(request))
    async with opened(config, build.means(config, client=client), Watch()) as context:
        await played(context)
        rules = config.methods.trained_judge
        await judging.judge(context, 1, rules)
        (exam,) = seatings(context.history)
        assert not exam.seated
        assert "needed under" in exam.why
        judge = context.policy(JUDGE)
        assert not context.fleet.is_up(judge.id)
        assert context.seats()["judge"] == context.pointer("base").id
        asked = len(client.requests)
        await judging.judge(context, 1, rules)
        assert len(client.requests) == asked
        await context.history.ledger.write(*tainting("--policy x", 1.0, [(judge.id, "it was named")]))
        assert context.seats()["judge"] == context.pointer("base").id


async def played(context: Any) -> None:
    """One round's episodes."""
    dealt = await rounds.plan(context, 1)
    for at, one in enumerate(dealt):
        await playing.play(context, 1, at // context.config.play.batch, one.episode)


async def test_its_rows_are_its_own_questions_balanced_and_true(won: Any) -> None:
    config = won[0]
    async with opened(config, build.means(config, taught), Watch()) as context:
        rules = config.methods.trained_judge
        given = tools(context, 2)
        found = rulings(given, rules, barring(context, 2, ()))
        assert found == rulings(given, rules, barring(context, 2, ()))
        words = Counter(row.completion for row in found.rows)
        assert words["accept"] == words["reject"] > 8
        assert words["first"] == words["second"] > 2
        assert len(found.rows) <= rules.rows
        episodes = {one.id: one for one in context.history.episodes()}
        of = {one.id: episodes[one.provenance.episode] for one in context.history.samples(role="solver")}

        async def right_one(row: Row, text: str) -> bool:
            task = of[row.sample].drafts[-1]
            domain = context.domains[task.domain].at(task.level)
            return (await checked(domain, task, text, "", "pool", build.RUNNER)).passed

        for row in found.rows:
            said = settled(row.prompt[-1].content)
            if row.completion in ("accept", "reject"):
                (answer,) = re.findall(r"\nAnswer: (.*?)\nChecks: ", said, re.DOTALL)
                assert await right_one(row, answer) == (row.completion == "accept"), said
            else:
                shown = re.findall(r"\n(?:First|Second): (.*?)(?=\n)", said)
                assert [await right_one(row, text) for text in shown] == [
                    row.completion == "first", row.completion == "second",
                ]  # fmt: skip
        assert sum("Checks: none shown" in settled(row.prompt[-1].content) for row in found.rows) > words["accept"]
        one = found.rows[0].sample
        assert one not in {row.sample for row in rulings(given, rules, barring(context, 2, {one})).rows}


def test_its_exam_asks_of_parameters_that_no_sample_is_made_of() -> None:
    kinds = [build.SHIPPED["arithmetic"].at(2), build.SHIPPED["units"].at(1)]
    learnable = {one.instruction for one in plants(kinds, [2, 1], 60, "one")}
    reserved = plants(kinds, [2, 1], 60, "one", reserved=True)
    # Four in five of what is drawn freely may be learned; of what is reserved nothing, so most of it is other.
    assert len({one.instruction for one in reserved} - learnable) > 30


async def test_spin_sets_verified_targets_against_what_the_previous_policy_says_and_drops_what_is_right(
    won: Any,
) -> None:
    config = won[0]
    async with opened(config, build.means(config, taught), Watch()) as context:
        empty = Curated((), {"new": 1}, (), {}, {})
        found = await paired(context, 2, empty, {})
        opponent = context.pointer("student").id
        assert found.opponent is not None
        assert found.opponent.id == opponent
        spin = [pair for pair in found.pairs if pair.method == "spin"]
        assert spin
        assert {pair.policy for pair in spin} == {opponent}
        for pair in spin:
            episode = context.history.episode(pair.episode)
            assert episode
            failed = {one.response for one in episode.attempts if not one.passed}
            asked = {
                said.strip() for turn in context.history.trace(f"spin-r0002/{pair.episode}") for said in turn.replies
            }
            assert pair.rejected in failed | asked
            assert plain(pair.rejected) != plain(pair.chosen)
        assert found.pairs == (await paired(context, 2, empty, {})).pairs


def test_the_pairs_of_a_round_are_learned_with_its_rows(history: History) -> None:
    student = history.policy("student-r0001")
    assert student
    further = student.training["further"]
    assert further["dpo"]["pairs"] > 3
    assert further["spin"]["pairs"] > 3


@pytest.mark.parametrize(
    ("methods", "changes", "said"),
    [
        ({"dpo": {"least": 9, "pairs": 3}}, {}, "it would never train"),
        ({"dpo": {"beta": 0}}, {}, "methods.dpo.beta"),
        ({"dpo": {"loss": "odd"}}, {}, "methods.dpo.loss"),
        ({"trained_judge": {}}, {"roles": {"items": 0}}, "no judge may sit"),
        ({"trained_judge": {}}, {"stop": {"rounds": 1}}, "no round that a new judge could sit in"),
        ({"trained_judge": {"least": 60, "rows": 40}}, {}, "none would ever be trained"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, methods: Any, changes: Any, said: str) -> None:
    with pytest.raises(ValidationError) as fault:
        settings(tmp_path, methods=methods, **changes)
    message = str(fault.value)
    assert said in message or said.replace(".", "\n") in message or said.split(".")[-1] in message
