"""Guards in whole sessions: each fires on a planted collapse, none on a healthy run, and what they ask for happens."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from noria.config import GUARDS, SessionConfig
from noria.errors import RunError
from noria.fence import settled
from noria.graphs.context import Context
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.identity import canonical_json
from noria.inference.client import Request
from noria.inference.puppet import Puppet, filled
from noria.inference.scripted import ScriptedClient
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.moves import moves
from noria.types import Dealt, Message
from tests import build
from tests.evaluators.test_own_domain import own

PLAY = {"episodes": 32, "attempts": 4}
ONLY = {"exam": {"items": 20}, "play": PLAY, "judge": {"calibration": 0}}


class Stage:
    """A pool whose puppets know which round is played."""

    def __init__(self) -> None:
        self.round = 0
        self.context: Context | None = None
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[tuple[int, Request]] = []
        self.usual = Puppet(skill=0.4)

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        self.told.append((event, facts))
        self.round = facts.get("round", self.round) if event in ("stage", "deal") else self.round

    def opened(self, context: Context) -> None:
        self.context = context

    def watch(self) -> Watch:
        return Watch(tell=self.tell, opened=self.opened)

    def __call__(self, request: Request) -> Any:
        self.requests.append((self.round, request))
        return self.says(request)

    def says(self, request: Request) -> Any:
        return self.usual(request)


class Learned(Stage):
    """A student that solves what its base rarely does: a healthy run."""

    def says(self, request: Request) -> Any:
        return Puppet(skill=0.9 if request.model.startswith("student") else 0.4)(request)


class Alike(Stage):
    """A generator that proposes the same again and again from a round on, until another."""

    until = 99

    def says(self, request: Request) -> Any:
        if request.role == "generator" and request.schema and 2 <= self.round < self.until:
            return canonical_json(filled(least(request.schema), FIXED))
        return self.usual(request)


class Narrow(Stage):
    """A student that passes the greedy exam and, once it plays, gives one answer to everything."""

    def says(self, request: Request) -> Any:
        if request.role == "solver" and request.model.startswith("student"):
            return "7" if request.temperature > 0 else Puppet(skill=1.0)(request)
        return self.usual(request)


class Fixed:
    """A random stream without chance."""

    def choice(self, among: Any) -> Any:
        return among[0]

    def randint(self, low: int, high: int) -> int:
        return low

    def random(self) -> float:
        return 0.0


FIXED: Any = Fixed()


def least(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every range cut to its least value of few."""
    if "minimum" in schema:
        return {**schema, "minimum": schema["minimum"] // 50 * 50, "maximum": schema["minimum"] // 50 * 50}
    return {key: least(value) if isinstance(value, dict) else value for key, value in schema.items()}


PREAMBLE = (
    "I looked at what is asked with care, and then at each part of it, one after the other, and then at the whole of "
    "it again, so that nothing is left out and nothing is counted twice, and the answer that I found is "
)


class Verbose(Stage):
    """A solver that from round 2 on is right, in the same many words."""

    def says(self, request: Request) -> Any:
        if request.role == "solver" and self.round > 1:
            return [PREAMBLE + one for one in Puppet(skill=1.0)(request)]
        return Puppet(skill=0.6)(request)


class Unable(Stage):
    """A solver that solves nothing from round 2 on."""

    def says(self, request: Request) -> Any:
        return Puppet(skill=0.5 if self.round < 2 else 0.0)(request)


class Drifting(Stage):
    """A judge that tells right from wrong until round 2."""

    def says(self, request: Request) -> Any:
        if request.role != "judge" or "reject" not in request.choices:
            return self.usual(request)
        said = settled(request.messages[-1].content)
        task, _, rest = said.partition("Answer:")
        own = replace(request, choices=(), messages=(Message(role="user", content=task),))
        answer = re.findall(r"-?\d+", rest.partition("Checks:")[0])
        right = self.round < 2 and bool(answer) and answer[-1] in Puppet(skill=1.0)(own)
        return "accept" if right else "reject"


def play(settings: SessionConfig, stage: Stage) -> dict[str, Any]:
    return asyncio.run(run(settings, build.means(settings, client=ScriptedClient(stage)), stage.watch()))


def read(settings: SessionConfig) -> History:
    return History(Ledger(settings.session))


def states(found: dict[str, Any]) -> list[dict[str, str]]:
    return [{one["guard"]: one["state"] for one in row["guards"]["readings"]} for row in found["rounds"]]


def deals(history: History, number: int) -> list[Dealt]:
    return history.deal(number)


def test_a_healthy_session_is_read_in_every_round_and_no_guard_fires(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 3})
    found = play(settings, Learned())
    assert found["finished"] == "rounds: 3 played"
    assert found["rounds"][0]["promoted"] == "student-r0001"
    for row in states(found):
        assert set(row) == set(GUARDS)
        assert "fired" not in row.values()
    assert states(found)[0]["vendi"] == states(found)[0]["acceptance"] == "first"
    assert states(found)[2]["acceptance"] == states(found)[2]["distinct"] == "ok"
    assert [row["guards"]["action"] for row in found["rounds"]] == ["on"] * 3
    assert {one.temperature for n in (1, 2, 3) for one in deals(read(settings), n)} == {settings.play.temperature}


def test_guards_that_are_off_measure_nothing(tmp_path: Path) -> None:
    found = play(build.config(tmp_path, **ONLY, guards=False, stop={"rounds": 2}), Stage())
    assert [row["guards"]["readings"] for row in found["rounds"]] == [[], []]
    assert found["finished"] == "rounds: 2 played"


def test_a_generator_that_repeats_itself_cools_the_session_until_it_recovers(tmp_path: Path) -> None:
    stage = Alike()
    stage.until = 3
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 4})
    found = play(settings, stage)
    second, third, fourth = found["rounds"][1:]
    assert second["guards"]["action"] == "cool_down"
    assert "signatures" in second["guards"]["fired"]
    assert third["cooled"] == second["guards"]["why"]
    assert third["guards"]["action"] == "on"
    assert fourth["cooled"] == ""
    history = read(settings)
    hot = round(settings.play.temperature * 1.25, 3)
    assert {one.temperature for one in deals(history, 3)} == {hot}
    assert all(one.random.startswith("0/3/cool/") for one in deals(history, 3))
    assert {one.temperature for one in deals(history, 4)} == {settings.play.temperature}
    asked = {
        request.temperature
        for number, request in stage.requests
        if number == 3 and request.role in ("generator", "solver") and request.temperature > 0
    }
    assert asked == {hot}
    # Nobody gave rows: what a program wrote earlier anchors the training of the cooled round, and of no other.
    assert third["rows"]["anchor"] == third["rows"]["truth"] > 0
    assert all(row["rows"]["anchor"] == 0 and "truth" not in row["rows"] for row in (second, fourth))
    assert ("cool_down", 3) in [(event, facts.get("round")) for event, facts in stage.told]


def test_what_cooling_does_not_help_stops_with_a_report(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 9})
    found = play(settings, Alike())
    assert [row["guards"]["action"] for row in found["rounds"]] == ["on", "cool_down", "cool_down", "stop"]
    assert found["finished"].startswith("guard: ")
    assert "signatures" in found["finished"]
    report = "\n".join(found["rounds"][-1]["guards"]["report"])
    for said in ("stopped the session after round 4", "round 2: fired", "why the bound", "what to do", "bound"):
        assert said in report


def test_a_student_that_narrows_is_stepped_back_from(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 3})
    found = play(settings, Narrow())
    first, second, third = found["rounds"]
    assert first["promoted"] == "student-r0001"
    assert second["seats"]["solver"] == "student-r0001"
    assert states(found)[1]["pass_at_k"] == states(found)[1]["entropy"] == "fired"
    assert second["guards"]["action"] == "step_back"
    assert second["guards"]["why"].startswith("step back to base: ")
    assert third["seats"]["solver"] == "base"
    made = [one for one in moves(read(settings)) if one.cause == "guard"]
    assert [(one.round, one.after == read(settings).pointer("base").id) for one in made] == [(2, True)]  # type: ignore[union-attr]


def test_a_narrow_student_does_not_outlive_the_last_round(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 2})
    found = play(settings, Narrow())
    assert found["finished"] == "rounds: 2 played"
    assert found["rounds"][1]["guards"]["action"] == "step_back"
    assert [one["name"] for one in found["policies"] if one["current"]] == ["base"]


def test_rows_that_all_say_the_same_fire_the_measures_of_the_accepted_set(tmp_path: Path) -> None:
    # Sums lie so close together that these two move little: a bound of the session's own, nearer to 1.
    near = {"spread": {"bound": 0.95}, "nearest": {"bound": 0.75}}
    rules = ONLY | {"play": {"episodes": 120, "attempts": 2}, "guards": near}
    found = play(build.config(tmp_path, **rules, stop={"rounds": 2}), Verbose())
    fired = {name for name, state in states(found)[1].items() if state == "fired"}
    assert {"distinct", "compression", "spread", "nearest", "vendi", "length"} <= fired
    assert states(found)[1]["solve_rates"] == "ok"


def test_a_solver_that_solves_nothing_any_more_fires_spread_yield_and_pass_at_k(tmp_path: Path) -> None:
    rules = ONLY | {"play": PLAY | {"targets": "verified", "episodes": 48}}
    found = play(build.config(tmp_path, **rules, stop={"rounds": 2}), Unable())
    fired = {name for name, state in states(found)[1].items() if state == "fired"}
    assert {"solve_rates", "acceptance", "pass_at_k"} <= fired
    # The base cannot be stepped back from: the session cools down instead.
    assert found["rounds"][1]["guards"]["action"] == "cool_down"


def test_a_judge_that_drifts_fires(tmp_path: Path) -> None:
    rules = ONLY | {"judge": {"calibration": 24}, "domains": {"arithmetic": (1,)}, "train": {"min_rows": 999}}
    found = play(build.config(tmp_path, **rules, stop={"rounds": 2}), Drifting())
    assert found["rounds"][0]["judge"]["kappa"] > 0.8
    assert states(found)[1]["judge"] == "fired"
    assert found["rounds"][1]["guards"]["fired"] == ["judge"]


class Tampered(Stage):
    """A disk that changes an answer after it was accepted."""

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        super().tell(event, facts)
        if event == "stage" and facts["stage"] == "curate" and self.context is not None:
            sample = next(one for one in self.context.history.samples(role="solver"))
            body = json.loads(sample.model_dump_json())
            body["messages"][-1]["content"] = "no number"
            changed = update(tables.samples).where(tables.samples.c.id == sample.id).values(body=json.dumps(body))
            self.context.history.ledger.write_now((changed, None))


def test_a_planted_wrong_sample_is_seen_named_and_stops_the_session(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **ONLY, stop={"rounds": 3})
    found = play(settings, Tampered())
    assert len(found["rounds"]) == 1
    (reading,) = [one for one in found["rounds"][0]["guards"]["readings"] if one["guard"] == "labels"]
    assert reading["state"] == "fired"
    assert reading["figures"]["wrong"] == 1
    assert "'no number' is refused" in reading["says"]
    assert found["finished"].startswith("guard: labels")


def test_a_verifier_that_lets_planted_cheats_pass_stops_the_session(tmp_path: Path) -> None:
    passes = "return (Check.of('x', 'verified' in response or response == self.truth_of(grounding), 'x'),)"
    path = own(tmp_path, passes, "cheated")
    path.write_text(
        path.read_text() + "\n    def truth_of(self, grounding):\n        return str(grounding.facts['answer'])\n"
    )
    rules = {"domains": {"arithmetic": (1,), "cheated": (1,)}, "domain_files": (path,)}
    found = play(build.config(tmp_path, **ONLY, **rules, stop={"rounds": 3}), Stage())
    assert len(found["rounds"]) == 1
    assert found["finished"].startswith("guard: hacks")
    assert "before cheated@" in found["finished"]
    assert states(found)[0]["labels"] == "ok"


class Cut(Alike):
    """A process that ends at a given event of a given round."""

    def __init__(self, event: str, number: int) -> None:
        super().__init__()
        self.cut = (event, number)

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        super().tell(event, facts)
        if (facts.get("stage", event), facts.get("round")) == self.cut:
            raise RunError("cut off")


@pytest.mark.parametrize("event", ["guard", "cool_down", "curate"])
def test_a_session_cut_off_around_its_guard_decides_the_same(tmp_path: Path, event: str) -> None:
    one, two = (build.config(tmp_path / name, **ONLY, stop={"rounds": 3}) for name in ("1", "2"))
    whole = play(one, Alike())
    with pytest.raises(RunError):
        play(two, Cut(event, 3 if event == "cool_down" else 2))
    found = play(two, Alike())
    told = [[row["guards"], row["rows"], row["cooled"]] for row in found["rounds"]]
    assert told == [[row["guards"], row["rows"], row["cooled"]] for row in whole["rounds"]]
    assert found["rounds"][1]["guards"]["action"] == "cool_down"
    for number in (1, 2, 3):
        assert deals(read(one), number) == deals(read(two), number)


def test_a_cut_between_decision_and_step_back_takes_one_step(tmp_path: Path) -> None:
    class Ended(Narrow):
        def tell(self, event: str, facts: dict[str, Any]) -> None:
            super().tell(event, facts)
            if event == "guard" and facts["action"] == "step_back":
                raise RunError("cut off")

    settings = build.config(tmp_path, **ONLY, stop={"rounds": 3})
    with pytest.raises(RunError):
        play(settings, Ended())
    found = play(settings, Narrow())
    assert found["rounds"][2]["seats"]["solver"] == "base"
    assert sum(one.cause == "guard" for one in moves(read(settings))) == 1
