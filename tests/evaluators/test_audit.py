"""The audit can fail: each way a label can be wrong is planted, seen and named; what is right is proved again."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.evaluators.audit import Audited, audit, cheats, proved
from noria.evaluators.domain import Domain
from noria.evaluators.measures import Accepted, Measured, accepted, measure
from noria.evaluators.registry import DOMAINS, domains
from noria.fence import defused
from noria.identity import bucket, content_id, stream
from noria.types import Message, Sample, Stage, Task
from tests import build
from tests.evaluators.test_own_domain import own

HANDS = [(name, level) for name, kind in DOMAINS.items() for level in kind().offered]


def row(domain: Domain, level: int, number: int = 0, answer: str | None = None, **changes: Any) -> Accepted:
    """An accepted row of a task by program."""
    rng = stream("row", domain.name, level, number)
    while True:
        point = domain.sample(level, rng)
        if bucket(domain.name, point.model_dump(mode="json")) == "train":
            break
    said = domain.phrase(point, rng)
    task = Task(
        id=content_id("task", [domain.name, level, number]), domain=domain.name, skill=str(point.model_dump()["skill"]),
        level=level, parameters=point.model_dump(mode="json"), instruction=said, worded_by="program",
        grounding=domain.ground(point),
    ).model_copy(update=changes)  # fmt: skip
    text = domain.truth(point, rng) if answer is None else answer
    messages = (Message(role="user", content=said), Message(role="assistant", content=text))
    story = build.provenance(episode=f"e{number}", task=task.id, domain=domain.name, level=level)
    sample = Sample(id=f"s{number:04}", role="solver", messages=messages, provenance=story)
    return Accepted(sample, task, domain, build.dealt(f"e{number}", domain=domain.name, level=level))


@pytest.mark.parametrize(("name", "level"), HANDS)
def test_what_is_right_is_proved_again_and_what_is_wrong_is_not(name: str, level: int) -> None:
    domain = DOMAINS[name]().at(level)

    async def look() -> None:
        for number in range(3):
            assert await proved(row(domain, level, number), build.RUNNER) == ""
            point = domain.point(row(domain, level, number).task.parameters)
            wrong = domain.wrong(point, stream("wrong", number))
            assert "is refused" in await proved(row(domain, level, number, answer=wrong), build.RUNNER)

    asyncio.run(look())


async def test_an_instruction_that_a_prompt_takes_apart_is_the_one_that_was_asked() -> None:
    sums = DOMAINS["arithmetic"]()
    good = row(sums, 1)
    said = f"{good.task.instruction} Reply with a [number]."
    asked = Message(role="user", content=defused(said))
    assert asked.content != said
    task, sample = good.task.model_copy(update={"instruction": said}), good.sample
    sample = sample.model_copy(update={"messages": (asked, *sample.messages[1:])})
    assert await proved(replace(good, task=task, sample=sample), build.RUNNER) == ""


async def test_each_way_a_label_can_be_wrong_is_named() -> None:
    sums = DOMAINS["arithmetic"]()
    good = row(sums, 1)
    other = row(sums, 1, 5).task
    planted = {
        "does not answer its own task": row(sums, 1, instruction="What is the weather?"),
        "does not say its parameters": row(sums, 1, parameters=other.parameters),
        "is refused": row(sums, 1, answer="no number"),
    }
    for said, one in planted.items():
        assert said in await proved(one, build.RUNNER), said
    away = next(
        point.model_dump(mode="json")
        for n in range(500)
        for point in [sums.sample(1, stream("away", n))]
        if bucket("arithmetic", point.model_dump(mode="json")) != "train"
    )
    assert "belongs to the exams" in await proved(row(sums, 1, parameters=away), build.RUNNER)
    assert await proved(good, build.RUNNER) == ""


def test_a_verifier_that_says_yes_to_everything_proves_nothing(tmp_path: Path) -> None:
    path = own(tmp_path, "return (Check.of('x', True, 'yes'),)", "lax")
    lax = domains({"lax": (1,)}, [path])[0]["lax"]
    assert "accepts the wrong answer" in asyncio.run(proved(row(lax, 1), build.RUNNER))
    passed, shown = asyncio.run(cheats(lax, 1, build.RUNNER, "x"))
    assert passed > 0.9 * shown


async def test_a_slice_of_a_round_finds_the_planted_and_asks_twice_before_it_says_so(tmp_path: Path) -> None:
    sums, made = DOMAINS["arithmetic"](), list[int]()

    def fresh() -> Any:
        made.append(1)
        return build.RUNNER

    rows = [row(sums, 1, number) for number in range(30)]
    assert await audit(rows, fresh, "a") == Audited(30, (), ())
    assert len(made) == 1
    bad = row(sums, 1, 7, answer="12345678")
    found = await audit([*rows, bad], fresh, "a")
    assert [sample for sample, _ in found.wrong] == ["s0007"]
    assert len(made) == 3
    breaks = domains({"odd": (1,)}, [own(tmp_path, "1 / 0")])[0]["odd"]
    found = await audit([row(breaks, 1)], fresh, "a")
    assert (found.proved, found.wrong, len(found.unproved)) == (0, (), 1)


@pytest.mark.parametrize(("name", "level"), HANDS)
def test_no_planted_cheat_passes_a_verifier_that_ships(name: str, level: int) -> None:
    passed, shown = asyncio.run(cheats(DOMAINS[name]().at(level), level, build.RUNNER, "ships"))
    assert passed == 0
    assert shown >= 16


def test_a_round_is_measured_alike_whatever_order_its_episodes_ended_in() -> None:
    sums = DOMAINS["arithmetic"]()
    rows = [row(sums, 1, number) for number in range(12)]
    episodes = [
        build.episode(
            one.dealt.episode, drafts=(one.task,), outcome="accepted", reason="verified", stage=Stage.ACCEPTED
        )
        for one in rows
    ]

    def measured(flip: bool) -> Measured:
        kept = accepted(
            [one.sample for one in rows][:: -1 if flip else 1], episodes, [one.dealt for one in rows],
            {"arithmetic": sums},
        )  # fmt: skip
        return measure(episodes, kept, {"arithmetic": sums}, embed, "x")

    assert measured(False) == measured(True)
    found = measured(False)
    assert found.accepted == 12
    assert found.strata["acceptance"].mean == found.strata["signatures"].mean == 1
    assert found.sets["distinct_2"]["n"] == 12
    assert measure([], [], {}, embed, "x").sets == {}


def embed(texts: list[str]) -> Any:
    import numpy

    rows = numpy.asarray([[text.count(letter) + 0.1 for letter in "0123456789"] for text in texts])
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
