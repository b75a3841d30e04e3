"""Distillation in a session that puppets play: a teacher, targets said again, a coreset, a shorter template."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noria.config import parse
from noria.errors import ConfigError
from noria.evaluators.registry import domains
from noria.graphs.rehearsing import compressing, rehearsal
from noria.graphs.rehearsing.questions import Source
from noria.graphs.run import run
from noria.graphs.steering import trials
from noria.inference.client import Request
from noria.inference.fake_server import FakeServer
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.selections import selections, unselected
from noria.prompts import Template, Templates
from noria.types import RESTATED, TAUGHT, Sample
from tests import build
from tests.graphs.steered import reading, settings

SIZE = 5
ANSWER = re.compile(r"Right answer: <data-[a-z]{5}>(.*?)</data", re.DOTALL)


def student(request: Request) -> Any:
    """Right about few sums by itself; shown a right answer, it says it again wherever that is even."""
    shown = ANSWER.search(request.messages[-1].content)
    if shown is None:
        return Puppet(skill=0.15)(request)
    return f" {shown[1]} " if int(shown[1]) % 2 == 0 else "I would rather not."


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """A session whose teacher is another endpoint, over real HTTP, and that chooses a coreset of each round."""

    async def played(folder: Path) -> Any:
        async with FakeServer(script=Puppet(skill=0.9), models=("strong",)) as strong:
            rules = settings(
                folder,
                play={"episodes": 20, "batch": 10, "attempts": 2},
                endpoints={"big": {"url": strong.url, "model": "strong"}},
                methods={
                    "distil": {"teacher": "big", "share": 0.25}, "coreset": {"size": SIZE},
                    "prompt_compression": {"template": "critic", "keep": 0.6, "episodes": 2},
                },
                stop={"rounds": 2},
            )  # fmt: skip
            await run(rules, build.means(rules, student))
            return rules

    rules = asyncio.run(played(tmp_path_factory.mktemp("taught")))
    with reading(rules) as history:
        yield history


def answers(history: History) -> list[Sample]:
    return history.samples(role="solver")


def test_a_teachers_answer_is_learned_where_the_solver_failed_and_only_if_it_passes(taught: History) -> None:
    big = next(one.id for one in taught.policies() if one.name == "big")
    by_teacher = [one for one in answers(taught) if one.provenance.policy == big]
    failed = [one for one in answers(taught) if one.provenance.solve_rate == 0]
    assert len(by_teacher) > 6
    assert {one.provenance.source for one in by_teacher} == {"pool"}
    assert all(TAUGHT in one.provenance.checks for one in by_teacher)
    # The teacher's verified answer goes before the program's, which stands in where the teacher failed too.
    by_program = [one for one in failed if one.provenance.source == "program"]
    assert {one.provenance.policy for one in failed} == {big, *(one.provenance.policy for one in by_program)}
    for one in by_program:
        made = taught.episode(one.provenance.episode).attempts  # type: ignore[union-attr]
        tries = [attempt for attempt in made if attempt.policy == big and attempt.task == one.provenance.task]
        assert tries
        assert not any(attempt.passed for attempt in tries)
    assert len(by_program) < len(failed) / 2


def test_a_teacher_is_asked_of_a_share_of_what_the_solver_solves_and_never_twice(taught: History) -> None:
    solved = [one for one in answers(taught) if one.provenance.solve_rate > 0]
    asked = [one for one in solved if TAUGHT in one.provenance.checks]
    assert 0 < len(asked) < len(solved)
    turns = [turn for episode in taught.episodes() for turn in taught.trace(episode.id) if turn.served_as == "strong"]
    assert turns
    assert all(turn.key.role == "solver" and turn.key.attempt > 100 for turn in turns)
    assert len({str(turn.key) for turn in turns}) == len(turns)


def test_the_solve_rate_is_the_solvers_alone(taught: History) -> None:
    for episode in taught.episodes():
        alone = [one for one in episode.attempts if not one.aided and one.source != "program"]
        if episode.solve_rate is not None and len(episode.drafts) == 1:
            assert episode.solve_rate == sum(one.passed for one in alone) / len(alone)


def test_a_coreset_of_each_round_is_learned_and_the_rest_is_named(taught: History) -> None:
    for number in (1, 2):
        (found,) = selections(taught, number)
        assert found.method == "coreset"
        assert found.before > found.kept == SIZE
        assert found.why == {"not of the coreset": found.before - SIZE}
        assert taught.round(number)["curated"]["new"] == SIZE
        own = {one.id for one in answers(taught) if one.provenance.round == number}
        assert len(own - set(unselected(taught))) == SIZE


def test_a_shorter_template_is_dealt_against_the_longer_and_judged_by_what_was_accepted(taught: History) -> None:
    found = json.loads(taught.ledger.fact("prompt_compression") or "{}")
    (trial,) = trials.shown(taught)
    assert trial["trial"] == found["trial"]
    assert trial["name"] == "critic"
    before, after = found["words"]
    assert 0.6 * before <= after < before
    assert found["by"] == "likelihood"
    assert min(trial["dealt"].values()) >= 2
    assert trial["keep"] == found["kept"]
    assert re.search(r"\d+ of \d+ accepted with the shorter, \d+ of \d+ with the longer: [+-]\d+ points", found["said"])
    leans = [one for number in (1, 2) for one in taught.round(number).get("leans", ())]
    assert [one["why"] for one in leans][-1] == found["said"]


async def test_both_texts_are_asked_of_the_same_seeds_and_compared(taught: History) -> None:
    rules, known = settings(Path("nowhere")), domains({"arithmetic": (1, 2)})[0]
    source = Source(taught, rules, known, build.RUNNER)
    questions = await rehearsal.chosen(source, "solver", 12)
    old, client = Templates()["solver"], ScriptedClient(Puppet(skill=0.9))
    new = await compressing.shorten(old, 0.5, client, "base")
    assert new.by == "likelihood"
    assert new.words[1] < new.words[0] == 5
    pairs = await rehearsal.rehearse(source, client, "base", questions, old, new.template, lambda one: ())
    found = compressing.earned(pairs)
    assert set(found) == {"parses", "right", compressing.WHOLE}
    assert found["parses"].old.whole == found["parses"].new.whole == 12
    assert not compressing.worse(found)
    # A text that makes every answer wrong is seen to be worse.
    dumb = Template.parse(old.text.replace("{{ instruction }}", "{{ instruction | length }}"), "solver")
    spoiled = compressing.earned(await rehearsal.rehearse(source, client, "base", questions, old, dumb, lambda one: ()))
    assert "right" in compressing.worse(spoiled)


async def test_where_nobody_reads_a_program_tells_what_may_go(taught: History) -> None:
    silent = ScriptedClient(Puppet(), reads=None)
    shorter = await compressing.shorten(Templates()["critic"], 0.6, silent, "base")
    assert shorter.by == "program"
    assert shorter.words[1] < shorter.words[0]


@pytest.fixture(scope="module")
def restated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    rules = settings(tmp_path_factory.mktemp("restated"), methods={"self_distil": True})
    asyncio.run(run(rules, build.means(rules, student)))
    with reading(rules) as history:
        yield history


def test_a_programs_target_is_said_again_by_the_student_where_the_check_passes(restated: History) -> None:
    own = [one for one in answers(restated) if RESTATED in one.provenance.checks]
    stood = [one for one in answers(restated) if one.provenance.source == "program"]
    assert own
    assert stood
    assert {one.provenance.source for one in own} == {"student"}
    assert all(int(one.messages[-1].content) % 2 == 0 for one in own)
    assert all(int(one.messages[-1].content) % 2 == 1 for one in stood)
    # What it learns to answer is the task alone, in the words that solvers are asked in.
    assert not any("Right answer" in message.content for one in own for message in one.messages)
    for one in own:
        episode = restated.episode(one.provenance.episode)
        assert episode is not None
        assert {attempt.source for attempt in episode.attempts if attempt.passed} >= {"program", "student"}
        assert one.provenance.attempt in {attempt.id for attempt in episode.attempts}


@pytest.mark.parametrize(
    ("methods", "more", "said"),
    [
        ({"distil": {"teacher": "student"}}, {}, "the teacher is the student itself"),
        ({"distil": {"teacher": "big"}}, {}, "there is no endpoint 'big' to teach; name one of base"),
        ({"distil": {"failed": False}}, {}, "would never be asked"),
        ({"distil": True}, {"play": {"solve_rate": [0.2, 1]}}, "`play.solve_rate` refuses every task"),
        ({"distil": True}, {"seats": {"solver": "base"}}, "so it would teach itself"),
        ({"distil_tokens": {"teacher": "/nowhere"}}, {}, "there is no model folder '/nowhere'"),
        ({"distil_tokens": {"beta": 2}}, {}, "methods.distil_tokens.beta"),
        ({"coreset": {"size": 200}}, {}, "a coreset of 200 is no smaller than the 150 episodes of a round"),
        ({"coreset": {"size": 4}}, {}, "less than the 16 rows that a training needs"),
        ({"quantise": True}, {"exam": {"frozen": 0}}, "leaves no item to examine"),
        ({"prompt_compression": {"template": "nobody"}}, {}, "methods.prompt_compression.template"),
        ({"prompt_compression": True}, {"stop": {"rounds": 1}}, "no round to compare the two texts in"),
    ],
)
def test_what_contradicts_itself_is_a_sentence_with_its_key(methods: Any, more: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse({"methods": methods, **more}, place="-", folder=Path())
