"""Uncertain candidates are routed at a batch's border: to a person, who rules at any time, or to a stronger policy."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import ConfigError
from noria.evaluators.uncertainty import WEIGHTS, quantile, uncertainty
from noria.fence import settled
from noria.graphs.context import Context
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.graphs.steering import asking
from noria.inference.client import Request
from noria.inference.fake_server import FakeServer
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.reviews import held, review, reviews, waiting
from noria.memory.withdrawals import REVIEWER, Withdrawals
from noria.types import Review
from tests import build
from tests.cli.shell import load, refused, right
from tests.graphs.steered import learned, played, reading, saying, settings
from tests.graphs.test_standing_still import meanwhile, until

ROUTED: dict[str, Any] = {"bound": 0.2, "share": 0.6, "budget": 4}
PLAY = {"episodes": 16, "batch": 8, "attempts": 3}


def routed(folder: Path, rounds: int = 1, **rules: Any) -> SessionConfig:
    return settings(folder, play=PLAY, methods={"active": {**ROUTED, **rules}}, stop={"rounds": rounds})


def taught(history: History, name: str) -> set[str]:
    student = history.policy(name)
    assert student is not None
    return set(Learned(history).of(student))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[SessionConfig, dict[str, Review]]:
    """A session in whose second round a person ruled on two that the first had routed."""
    rules, ruled = routed(tmp_path_factory.mktemp("routed"), 2), dict[str, Review]()

    def person(context: Context) -> None:
        one, two, *_ = waiting(context.history, 1)
        ruled.update(approve=one, refuse=two)
        for ruling, it in ruled.items():
            saying("rule", things=[it.episode], ruling=ruling, why="not of use")(context)

    played(rules, {(2, 1): person}, script=learned)
    return rules, ruled


def test_the_most_uncertain_of_each_batch_are_routed_within_the_budget(
    session: tuple[SessionConfig, dict[str, Review]],
) -> None:
    rules, _ = session
    with reading(rules) as history:
        for number in (1, 2):
            facts, found, earlier = history.round(number)["routed"], reviews(history, number), list[float]()
            assert len(found) == sum(one["routed"] for one in facts.values()) <= ROUTED["budget"]
            for at in range(1, number):
                earlier += [score for one in history.round(at)["routed"].values() for score in one["seen"]]
            for batch, done in facts.items():
                earlier += done["seen"]
                assert done["bar"] == max(ROUTED["bound"], quantile(earlier, ROUTED["share"]))
                mine = sorted((one.uncertainty for one in found if one.batch == int(batch)), reverse=True)
                assert mine == sorted((one for one in done["seen"] if one >= done["bar"]), reverse=True)[: len(mine)]
        assert len(reviews(history, 1)) >= 2
        for one in reviews(history):
            episode = history.episode(one.episode)
            assert episode is not None
            assert episode.outcome == "accepted"
            assert uncertainty(episode) == one.why
            assert one.uncertainty == pytest.approx(sum(one.why.values()))
            rate = episode.solve_rate or 0
            assert one.why.get("solve rate", 0) == pytest.approx(
                WEIGHTS["solve rate"] * 4 * rate * (1 - rate), abs=1e-4
            )


def test_what_waits_is_learned_by_nobody_and_a_later_ruling_lets_it_in_or_withdraws_it(
    session: tuple[SessionConfig, dict[str, Review]],
) -> None:
    rules, ruled = session
    with reading(rules) as history:
        first, second = taught(history, "student-r0001"), taught(history, "student-r0002")
        of_round = {one.sample for one in reviews(history, 1)}
        assert first
        assert not first & of_round
        assert {one.id for one in history.samples(number=1, role="solver")} - of_round <= first
        assert ruled["approve"].sample in second
        assert ruled["refuse"].sample not in second
        assert not second & held(history)
        gone = Withdrawals(history.ledger).of(ruled["refuse"].sample)
        assert gone is not None
        assert gone.why == "not of use"
        assert {review(history, one.episode).ruling for one in ruled.values()} == {"approve", "refuse"}  # type: ignore[union-attr]
        assert not {one.episode for one in waiting(history)} & {one.episode for one in ruled.values()}


def test_the_queue_is_read_and_ruled_on_from_the_command_line(
    session: tuple[SessionConfig, dict[str, Review]],
) -> None:
    folder = session[0].session
    found = load(right("review", folder, "--json"))
    first, second, *_ = found["reviews"]
    assert found["routing"]["left"] == ROUTED["budget"] - found["routing"]["spent"]
    said = right("review", folder)
    assert f"{found['routing']['open']} wait, 1 approved, 1 refused" in said
    assert first["instruction"] in said
    assert "answer: expected" in said
    assert "uncertain: " in said
    assert "A refusal needs a reason" in refused("review", folder, "--refuse", first["id"])
    assert "waits for no review" in refused("review", folder, "--approve", session[1]["approve"].sample)
    both = refused("review", folder, "--approve", first["id"], "--refuse", first["id"], "--why", "x")
    assert "at once" in both
    ruling = ("--approve", first["id"], "--refuse", second["episode"], "--why", "twice the same")
    done = load(right("review", folder, *ruling, "--json"))
    assert [one["ruling"] for one in done["rulings"]] == ["approve", "refuse"]
    assert done["routing"]["open"] == found["routing"]["open"] - 2
    with reading(session[0]) as history:
        assert review(history, first["episode"]).by == "person"  # type: ignore[union-attr]
        assert review(history, second["episode"]).said == "twice the same"  # type: ignore[union-attr]


def test_a_round_that_is_left_and_resumed_routes_the_same(tmp_path: Path) -> None:
    whole, broken = routed(tmp_path / "1"), routed(tmp_path / "2")
    played(whole, script=learned)
    contexts: list[Context] = []

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "steered" and "noria review" in facts["said"]:
            contexts[0].leave()

    with pytest.raises(asyncio.CancelledError):
        played(broken, watch=Watch(tell=tell, opened=contexts.append), script=learned)
    played(broken, script=learned)
    with reading(whole) as one, reading(broken) as two:
        assert reviews(one) == reviews(two)
        assert one.round(1)["routed"] == two.round(1)["routed"]
        assert taught(one, "student-r0001") == taught(two, "student-r0001")


async def test_a_session_that_is_told_to_waits_for_the_rulings_of_each_batch(tmp_path: Path) -> None:
    rules, ruled = routed(tmp_path, wait=True), list[str]()

    def person() -> None:
        for _ in range(2):
            shown = until(rules.session, "reviews")["samples"]
            found = asking.reviews(rules.session)["reviews"]
            assert [one["id"] for one in shown] == [one["id"] for one in found]
            ruled.extend(one["id"] for one in found)
            assert asking.rule(rules.session, [one["id"] for one in found], "approve")["live"]

    await meanwhile(rules, {}, person)
    with reading(rules) as history:
        assert not waiting(history)
        assert set(ruled) == {one.sample for one in reviews(history)}
        assert set(ruled) <= taught(history, "student-r0001")


def oracle(blind: bool) -> Any:
    """A policy that can tell right from wrong sums, or cannot, and refuses whatever it is shown evidence of."""

    def rules(request: Request) -> str:
        said = settled(request.messages[-1].content)
        if request.choices[:1] != ("accept",):
            return request.choices[0] if request.choices else "7"
        if "none shown" not in said:
            return "reject"
        task, answer = re.search(r"Task: (.*)\nAnswer: (.*?)\nChecks", said, re.DOTALL).groups()  # type: ignore[union-attr]
        a, b = (int(one) for one in re.findall(r"-?\d+", task)[:2])
        right = re.fullmatch(r"-?\d+", answer) and int(answer) in (a + b, a - b, b - a, a * b)
        return "accept" if blind or right else "reject"

    return rules


@pytest.mark.parametrize("blind", [False, True])
async def test_a_stronger_policy_rules_only_where_it_told_right_from_wrong_this_round(
    tmp_path: Path, blind: bool
) -> None:
    async with FakeServer(models=("strong",), script=oracle(blind)) as server:
        rules = settings(
            tmp_path, play=PLAY, stop={"rounds": 1}, endpoints={"teacher": {"url": server.url, "model": "strong"}},
            methods={"active": {**ROUTED, "to": "teacher", "calibration": 30}},
            judge={"calibration": 2, "veto_above": 0.5},
        )  # fmt: skip
        await run(rules, build.means(rules, learned))
    with reading(rules) as history:
        found, facts = reviews(history), history.round(1)
        assert history.trace("reviewer-r0001")
        assert facts["reviewer"]["veto"] is not blind, facts["reviewer"]["benched"]
        if blind:
            assert not found
            assert "accept" in next(one["why"] for one in facts["routed"].values() if one["why"])
            return
        assert 0 < len(found) <= ROUTED["budget"]
        gone = Withdrawals(history.ledger).among([one.sample for one in found])
        for one in found:
            assert (one.ruling, one.by) == ("refuse", "teacher")
            assert gone[one.sample].root == REVIEWER
            assert len(history.trace(f"review/{one.episode}")) == 1
        assert not taught(history, "student-r0001") & set(gone)
        assert json.loads(json.dumps(asking.reviews(rules.session)))["reviews"] == []


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"active": {"to": "nobody"}}, "neither `person` nor an endpoint"),
        ({"active": {"to": "teacher", "wait": True}}, "wait is for a person"),
        ({"adviser": {"policy": "judge"}}, "neither `critic` nor an endpoint"),
        ({"growing_exam": {"retire": 0.5}}, "is under promote"),
    ],
)
def test_a_method_that_contradicts_the_config_is_refused_with_a_sentence(
    tmp_path: Path, rules: dict[str, Any], said: str
) -> None:
    from noria.config.session import parse

    body = {"endpoints": {"teacher": {"url": "http://127.0.0.1:1/v1", "model": "m"}}, "methods": rules}
    with pytest.raises(ConfigError, match=said):
        parse(body, place="c.yaml", folder=tmp_path)
