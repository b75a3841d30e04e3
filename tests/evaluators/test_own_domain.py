"""A domain of the user's own: found by its file, held to what holds of all, and guarded when it fails."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from noria.config import SessionConfig
from noria.errors import ConfigError, VerifierError
from noria.evaluators import form
from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.cards import verifier_card
from noria.evaluators.guard import MOST, guarded
from noria.evaluators.registry import DOMAINS, JUDGED, domains, known
from noria.evaluators.sandbox.runner import Runner
from noria.identity import stream
from noria.types import Check, Grounding
from tests import build
from tests.graphs.test_session import played

CLOCK = Path(__file__).parents[2] / "examples" / "clock.py"


def test_the_example_is_found_by_its_file_and_holds_what_holds_of_all() -> None:
    found, broken = domains({"clock": (1, 2)}, [CLOCK])
    assert broken == []
    clock = found["clock"]

    async def look() -> None:
        for level in clock.levels:
            rng = stream("clock", level)
            for _ in range(200):
                point, other = clock.sample(level, rng), clock.sample(level, rng)
                instruction = clock.phrase(point, rng)
                assert clock.says(point, instruction).passed, instruction
                assert form.check(instruction).passed
                if other != point:
                    assert not clock.says(other, instruction).passed
            card = await verifier_card(clock, level, build.RUNNER, 100, "clock")
            assert card.admits, card

    asyncio.run(look())


def own(folder: Path, body: str, name: str = "odd") -> Path:
    """A domain file: arithmetic under another name, with another verifier."""
    path = folder / f"{name}.py"
    path.write_text(
        "from typing import ClassVar\nfrom noria.evaluators.arithmetic import Arithmetic\n"
        "from noria.types import Check\n\n\n"
        f"class Odd(Arithmetic):\n    name: ClassVar[str] = {name!r}\n\n"
        f"    async def check(self, grounding, response, runner):\n        {body}\n"
    )
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("x = 1", "defines 0 classes"),
        ("from noria.evaluators.domain import Domain\nclass A(Domain): ...", "A lacks check"),
    ],
)
def test_a_file_that_does_not_load_is_named_and_left_out(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    found, (sentence,) = known([path])
    assert set(found) == {*DOMAINS, *JUDGED}
    assert str(path) in sentence
    assert said in sentence
    kept, broken = domains({"mine": (1,), "arithmetic": (1,)}, [path])
    assert list(kept) == ["arithmetic"]
    assert broken == [sentence]
    with pytest.raises(ConfigError, match="None of the domains mine can be used"):
        domains({"mine": (1,)}, [path])


def test_a_missing_file_is_named_and_a_name_of_nobody_is_an_error(tmp_path: Path) -> None:
    _, (sentence,) = known([tmp_path / "none.py"])
    assert "none.py" in sentence
    with pytest.raises(ConfigError, match="no domain 'mine'"):
        domains({"mine": (1,)})


def test_a_session_goes_on_without_a_domain_that_does_not_load(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("1 / 0")
    found = played(build.config(tmp_path, domains={"mine": (1,), "arithmetic": (1, 2)}, domain_files=(path,)))
    assert found["finished"] == "rounds: 1 played"
    assert set(found["samples"]["by_domain"]) == {"arithmetic"}
    assert "mine.py" in found["left_out"][0]


def test_a_verifier_that_raises_ends_episodes_and_not_the_session(tmp_path: Path) -> None:
    path = own(tmp_path, "raise KeyError('nothing here') if grounding.facts['answer'] % 2 else ValueError('no')")
    settings = build.config(
        tmp_path, domains={"odd": (1, 2), "arithmetic": (1, 2)}, domain_files=(path,), verifiers={"planted": 0}
    )
    found = played(settings)
    assert found["finished"] == "rounds: 1 played"
    assert found["reasons"]["verifier"] > 0
    assert found["samples"]["accepted"] > 0


def test_a_verifier_that_fails_its_own_test_admits_nothing_and_says_why(tmp_path: Path) -> None:
    path = own(tmp_path, "raise KeyError('nothing here')")
    settings = build.config(tmp_path, domains={"odd": (1,), "arithmetic": (1, 2)}, domain_files=(path,))
    found = played(settings)
    cards = {card["domain"]: card for card in found["rounds"][0]["verifiers"]}
    assert cards["arithmetic"]["admits"]
    assert not cards["odd"]["admits"]
    assert "'odd@2' failed: KeyError" in cards["odd"]["faults"][0]
    assert found["finished"] == "rounds: 1 played"
    assert set(found["samples"]["by_domain"]) == {"arithmetic"}


class Slow(Arithmetic):
    """Loops for good, in a way that no coroutine can be cancelled out of."""

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        while True:
            time.sleep(0.01)  # noqa: ASYNC251  (what it is tested for)


class Flooding(Arithmetic):
    """Says too much."""

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        many = 1 if response == "long" else MOST + 1
        return tuple(Check.of("answer", True, "x" * 10**6) for _ in range(many))


class Mute(Arithmetic):
    """Gives what is no checks."""

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        return None  # type: ignore[return-value]


async def test_a_verifier_that_loops_or_floods_is_an_error_that_names_it() -> None:
    slow, flooding, mute = guarded(Slow, patience=0.3)(), guarded(Flooding)(), guarded(Mute)()
    grounding = slow.ground(slow.sample(1, stream("guard")))
    with pytest.raises(VerifierError, match="'arithmetic@2' did not end within"):
        await slow.check(grounding, "3", build.RUNNER)
    with pytest.raises(VerifierError, match=f"made {MOST + 1} checks"):
        await flooding.check(grounding, "3", build.RUNNER)
    with pytest.raises(VerifierError, match="gave no checks"):
        await mute.check(grounding, "3", build.RUNNER)
    (one,) = await flooding.check(grounding, "long", build.RUNNER)
    assert len(one.evidence) == 2000


class Late(Arithmetic):
    """Answers when nobody waits any more."""

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        time.sleep(0.2)  # noqa: ASYNC251  (what it is tested for)
        answered.append(response)
        return ()


answered: list[str] = []


async def test_an_answer_that_nobody_waits_for_disturbs_nobody() -> None:
    late = guarded(Late, patience=0.02)()
    grounding = late.ground(late.sample(1, stream("guard")))
    with pytest.raises(VerifierError, match="did not end within"):
        await late.check(grounding, "3", build.RUNNER)
    for _ in range(500):
        if answered and not any(thread.name == "verifier arithmetic@2" for thread in threading.enumerate()):
            break
        await asyncio.sleep(0.01)
    assert answered == ["3"]  # and no exception of its thread, which pytest would raise here


def test_a_domain_file_of_the_config_is_taken_from_its_folder(tmp_path: Path) -> None:
    from noria.config import parse

    config = parse({"domain_files": ["clock.py"]}, place="-", folder=tmp_path)
    assert config.domain_files == (tmp_path / "clock.py",)
    assert SessionConfig.model_validate_json(config.model_dump_json()) == config
