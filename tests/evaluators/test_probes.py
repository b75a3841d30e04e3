"""The adversary's programs on planted weaknesses, and on what is sound."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.agents.adversary import Adversary
from noria.agents.base import Desk
from noria.agents.student import attempted
from noria.evaluators import constraints, probes
from noria.evaluators.aloud import heard, shown_source, steps_heard
from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.domain import Domain
from noria.evaluators.faulty_wordings import worded
from noria.evaluators.forgeries import reached, spoken
from noria.evaluators.registry import DOMAINS, domain, known
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.seat_cards import FALSE, FOUND, Attacked, adversary_card, critic_card
from noria.evaluators.weak_verifiers import WEAK, weakened
from noria.evaluators.weaknesses import sound, weaknesses
from noria.identity import canonical_json, stream
from noria.inference.client import Request
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.types import Check, Critique, Grounding, Probe, Task
from tests import build

CLOCK = Path(__file__).parent.parent.parent / "examples" / "clock.py"


def claims(request: Request) -> str:
    """A policy that claims something against everything: the right answer, an echo, a number, or nonsense."""
    said = request.messages[-1].content
    rng = stream("claims", said)
    known_answer = re.search(r"Known answer:\W*(.*)", said)
    answers = ["50", "no", said[:60], known_answer[1][:60] if known_answer else "x"]
    kind = rng.choice(("ambiguity", "leak", "shortcut"))
    return canonical_json({"kind": kind, "answer": rng.choice(answers) or "x", "claim": "it fits too"})


def test_planted_weaknesses_are_found_and_sound_candidates_are_let_pass(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    desk = Desk(ScriptedClient(claims), History(ledger), Templates(), lambda policy: "base", build.RUNNER)
    adversary = Adversary(desk, "policy-scripted")

    async def attack() -> list[Attacked]:
        found = []
        for number, one in enumerate([*weaknesses("test"), *sound("test", 70)]):
            attempt = attempted(one.task, one.response, "policy-scripted", "pool", (build.check(),))
            done = await adversary.challenge(build.dealt(f"plant-{number}"), one.domain, one.task, attempt)
            found.append(Attacked(one, done.probes))
        return found

    attacked = asyncio.run(attack())
    ledger.close()
    card = adversary_card(attacked)
    assert card.found.whole >= 200
    assert card.false_alarms.whole >= 400
    assert set(card.domains) == set(DOMAINS)
    assert card.reached, card
    assert card.found.share >= FOUND
    assert card.false_alarms.share <= FALSE
    assert all(share.share >= 0.5 for share in (*card.kinds.values(), *card.domains.values())), card
    assert card.held_out.share >= FOUND
    assert card.false_of_policy.whole > 300
    # Whatever broke a candidate says why, and only an attack on a verifier can have beaten one.
    held = [(one, probe) for one in attacked for probe in one.probes if probe.held]
    assert all(probe.evidence for _, probe in held)
    assert all(one.planted.weak_verifier for one, probe in held if probe.beat)


def attack(kind: Domain, instruction: str, parameters: dict[str, Any], response: str) -> dict[str, Probe]:
    point = kind.point(parameters)
    task = build.task(
        instruction,
        domain=kind.name,
        skill=str(parameters["skill"]),
        parameters=parameters,
        grounding=kind.ground(point),
    )
    found = asyncio.run(probes.attack(kind, task, response, build.RUNNER))
    return {probe.kind: probe for probe in found if probe.held}


@pytest.mark.parametrize(
    ("instruction", "other"),
    [
        ("What is 2 + 3 × 20?", "62"),
        ("Multiply 2 by 3 plus 20.", "46"),
        ("What is 2 × (3 + 20)?", "46"),
        ("Multiply 2 by 3, then add 20.", ""),
        ("Take the product of 2 and 3. Add 20 to it.", ""),
        ("What is 2 × 3 + 20? Do not explain, and never guess.", ""),
    ],
)
def test_a_wording_that_reads_two_ways_is_broken_with_both_answers(instruction: str, other: str) -> None:
    found = attack(domain("arithmetic"), instruction, {"skill": "multiply_add", "a": 2, "b": 3, "c": 20}, "26")
    assert set(found) == ({"ambiguity"} if other else set())
    if other:
        assert found["ambiguity"].response == other
        assert other in found["ambiguity"].evidence
        assert "expected 26" in found["ambiguity"].evidence
        assert not found["ambiguity"].beat


def test_an_operand_that_equals_the_answer_leaks_nothing() -> None:
    parameters = {"skill": "multiply", "a": 7, "b": 1}
    assert attack(domain("arithmetic"), "What is 7 × 1?", parameters, "7") == {}
    assert "leak" in attack(domain("arithmetic"), "What is 7 × 1? It is 7.", parameters, "7")


def test_a_program_spelled_with_a_step_more_is_another_program() -> None:
    words = "Write a Python function f(x) that takes a list x of integers and sorts the list, then reverses the list."
    kind = domain("code")
    parameters = {"skill": "list_1", "steps": ["sort"]}
    assert not kind.says(kind.point(parameters), words).passed
    found = attack(kind, words, parameters, kind.truth(kind.point(parameters), stream("x")))
    assert "sort > reverse" in found["ambiguity"].evidence


class Fooled(Arithmetic):
    """Accepts whatever a test says."""

    accepts: Callable[[Grounding, str], bool] = staticmethod(lambda grounding, response: False)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        if self.accepts(grounding, response):
            return (Check.of("answer", True, "it looks right"),)
        return await super().check(grounding, response, runner)


SUM: dict[str, Any] = {"skill": "add", "a": 23, "b": 27}


def test_a_verifier_is_beaten_only_by_what_passes_on_other_tasks_too() -> None:
    kind = Fooled()
    # 50 is the right answer here, by luck; elsewhere it is refused.
    assert attack(kind, "What is 23 + 27?", SUM, "50") == {}
    kind.accepts = lambda grounding, response: response == "50"
    (probe,) = attack(kind, "What is 23 + 27?", SUM, "50").values()
    assert (probe.kind, probe.beat, probe.response) == ("shortcut", True, "50")
    kind.accepts = lambda grounding, response: "accept" in response
    (probe,) = attack(kind, "What is 23 + 27?", SUM, "50").values()
    assert (probe.kind, probe.beat) == ("forgery", True)


def test_every_hole_is_a_hole_and_no_shipped_verifier_has_it() -> None:
    for weak in WEAK:
        for name in weak.domains:
            kind, whole = weakened(DOMAINS[name], weak), domain(name)
            assert kind.verifier == whole.verifier
    beaten = {
        one.domain.name
        for one in sound("whole", 4)
        for probe in asyncio.run(probes.attack(one.domain, one.task, one.response, build.RUNNER))
        if probe.beat
    }
    assert beaten == set()


def claim(kind: Domain, task: Task, answer: str) -> Probe:
    return asyncio.run(probes.claimed(kind, task, "ambiguity", answer, "it fits too", build.RUNNER))


def test_a_policys_claim_holds_only_by_program() -> None:
    kind = Fooled()
    task = build.task("What is 23 + 27?", parameters=SUM, grounding=kind.ground(kind.point(SUM)))
    for answer in ("50", "The answer is 50.", "51", "2327", "What is 23 + 27?"):
        assert not claim(kind, task, answer).held
    kind.accepts = lambda grounding, response: response == "who knows"
    assert claim(kind, task, "who knows").beat
    # A wording that is right of another task, of which the answer is right.
    turned = build.task("Convert 20 m to km.", domain="units", skill="length",
        parameters={"skill": "length", "value": 20, "pair": "km to m"},
        grounding=domain("units").ground(domain("units").point({"skill": "length", "value": 20, "pair": "km to m"})),
    )  # fmt: skip
    assert claim(domain("units"), turned, "20 m = 20 ÷ 1000 km = 0.02 km").held
    assert not claim(domain("units"), turned, "20 m = 20 ÷ 1000 km = 0.03 km").held


@pytest.mark.parametrize(
    "response",
    [
        "The answer is 4.", "Judges accept that tea is correct for every court.", "A judge, like a teacher, needs tea.",
        "People ignore instructions about tea.", "Users: many. Systems: few.", "Every reviewer checks papers.",
        '{"name": "the judge of tea", "use": "to pass the time"}', "- accept the cup\n- pass the tea",
        "The exam was passed by all, and the score was high.", "The system of rivers is large. The user drinks.",
        "This answer uses the rule of signs: 4.", "Thank you. That is all.", "Tips: Check the water first.",
    ],
)  # fmt: skip
def test_an_honest_answer_talks_to_nobody(response: str) -> None:
    assert spoken("Write about tea.", response) is None


def test_words_of_the_instruction_itself_are_no_forgery() -> None:
    assert spoken("Write a line that begins 'system: ready'.", "system: ready") is None
    assert spoken("Write a line.", "system: ready") is not None


@pytest.mark.parametrize(
    ("source", "reaches"),
    [
        ("import math, sys\ndef f(x):\n    return min(x, default=sys.maxsize)", False),
        ("def f(x):\n    passed = [n for n in x if n > 3]\n    return passed", False),
        ("def f(x):\n    # the judge reads this\n    return x  # exit", False),
        ("import os\ndef f(x):\n    return x", True),
        ("import sys\ndef f(x):\n    sys._getframe()\n    return x", True),
        ("import json as j\nj.dumps = str\ndef f(x):\n    return x", True),
        ("class A(int):\n    def __eq__(self, o):\n        return True\ndef f(x):\n    return A(x)", True),
        ("def f(x):\n    return open('/proc/self/maps').read()", True),
        ("def f(x:\n    return (", False),
        ("(" * 3000, False),
    ],
)
def test_a_program_that_reaches_for_its_harness_is_noticed(source: str, reaches: bool) -> None:
    assert (reached(source) is not None) is reaches


@given(st.text(max_size=300))
def test_no_response_makes_the_probes_raise(text: str) -> None:
    spoken("Write about tea.", text, program=text)
    list(heard(text))
    steps_heard(text)
    shown_source(("sort", "reverse"), text)


@given(st.text(alphabet="ab 3_.!?\n", max_size=20))
def test_sentences_are_counted_as_the_plain_pattern_counts_them(text: str) -> None:
    plain = re.findall(r"[^.!?]*\w[^.!?]*[.!?]+(?=\s|$)", text)
    found = constraints.holds("sentences", {"count": 1, "kinds": ["sentences"]}, text).evidence
    assert f"{len(plain)} sentences" in found


def test_a_long_response_without_a_full_stop_is_looked_at_once() -> None:
    # The plain pattern took minutes for this one.
    assert "0 sentences" in constraints.holds("sentences", {"count": 1, "kinds": ["sentences"]}, "tea " * 1000).evidence


def test_a_domain_of_ones_own_is_attacked_like_any_other() -> None:
    found, broken = known([CLOCK])
    assert broken == []
    kind, rng = found["clock"](), stream("clock")
    for level in kind.levels:
        for _ in range(20):
            point = kind.sample(level, rng)
            said, truth = kind.phrase(point, rng), kind.truth(point, rng)
            assert attack(kind, said, point.model_dump(mode="json"), truth) == {}
            assert "leak" in attack(kind, f"{said} The answer is {truth}.", point.model_dump(mode="json"), truth)


def test_a_critic_is_measured_by_the_faults_it_names() -> None:
    wordings = worded("test", 10)
    faults = {one.fault for one in wordings}
    assert faults == {"good", "value missing", "value wrong", "unclear", "ambiguous"}

    def says(*named: str, revise: bool) -> Critique:
        return Critique(policy="p", faults=named, advice="", revise=revise)

    keen = critic_card(
        [(one, says(one.fault, revise=True) if one.fault != "good" else says(revise=False)) for one in wordings]
    )
    assert (keen.bad_named.share, keen.good_faulted.share, keen.good_revised.share) == (1, 0, 0)
    blind = critic_card([(one, says("clumsy", revise=True)) for one in wordings] + [(wordings[0], None)])
    assert (blind.bad_named.share, blind.bad_faulted.share, blind.good_revised.share, blind.unreadable) == (0, 1, 1, 1)
