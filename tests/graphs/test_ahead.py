"""Proposals of the next round that are asked for while a student trains: adopted where the deal has their like."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.errors import RunError
from noria.graphs.context import Context
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.types import Dealt, Policy
from tests.graphs.steered import Trained, reading, saying, settings, slowly, writing

ROUNDS: dict[str, Any] = {"stop": {"rounds": 2}, "exam": {"items": 8, "prose": 0}, "guards": False}
AHEAD = 8


def rules(folder: Path, ahead: int = AHEAD) -> Any:
    play = {"episodes": 12, "batch": 4, "attempts": 2, "ahead": ahead}
    return settings(folder, **ROUNDS | {"play": play})


def told(config: Any) -> tuple[dict[str, Any], list[Dealt], set[str]]:
    """What round 2 says of its foreseen hands, its deal, and the episodes that the generator proposed for."""
    with reading(config) as history:
        proposed = {turn.key.episode for one in history.deal(2) for turn in history.trace(one.episode)}
        return history.round(2).get("ahead", {}), history.deal(2), proposed


async def test_the_next_round_is_proposed_for_while_a_student_trains(tmp_path: Path) -> None:
    config, client = rules(tmp_path / "s"), Trained()
    summary = await run(config, slowly(config, client))
    facts, dealt, _ = told(config)
    early = [one for one in client.meanwhile if one.role == "generator"]
    assert len(early) == len(client.meanwhile) == AHEAD, "no round follows the second, so it foresees nothing"
    assert facts["proposed"] == AHEAD
    assert 0 < facts["adopted"] <= AHEAD
    assert facts["why"] == ""
    assert summary["rounds"][1]["ahead"] == facts
    with reading(config) as history:
        base = history.pointer("base")
        assert base is not None
        assert facts["policy"] == base.id
        turns = [turn for one in dealt for turn in history.trace(one.episode) if turn.key.role == "generator"]
        firsts = [turn for turn in turns if turn.key.draft == 1]
        assert len(firsts) == len(dealt), "what was proposed early is not asked again"
        assert [one.position for one in dealt] == list(range(12)), "novelty is decided in the order of the deal"
        assert history.funnel(2)["accepted"] > 0
        for sample in history.each(number=2, role="solver"):
            assert sample.provenance.generator == base.id


async def test_it_is_off_by_default_and_a_deal_is_then_what_it_ever_was(tmp_path: Path) -> None:
    plain, client = rules(tmp_path / "plain", 0), Trained()
    assert settings(tmp_path / "x").play.ahead == 0
    await run(plain, slowly(plain, client))
    facts, dealt, _ = told(plain)
    assert not client.meanwhile
    assert facts == {}
    early = rules(tmp_path / "early")
    await run(early, slowly(early, Trained()))
    _, with_foreseen, _ = told(early)
    places = [(one.domain, one.level) for one in dealt]
    assert [(one.domain, one.level) for one in with_foreseen] == places, "what is dealt stays with the exam"


def _other_words(context: Context) -> None:
    text = (context.config.session / "prompts" / "generator.md").read_text()
    writing("generator", text.replace("Write one", "Please write one"))(context)


@pytest.mark.parametrize("act", [_other_words, saying("note", text="more sums with two digits", rounds=2)])
async def test_it_is_dropped_whole_where_the_generator_is_asked_otherwise_by_then(tmp_path: Path, act: Any) -> None:
    config, client = rules(tmp_path / "s"), Trained()
    found = slowly(config, client)

    async def train(*given: Any, **more: Any) -> Policy:
        made = await found.trainer(*given, **more)
        if given[1] == 1:
            act(context[0])
        return made

    context: list[Context] = []
    await run(config, replace(found, trainer=train), Watch(opened=context.append))
    facts, dealt, _ = told(config)
    assert facts["adopted"] == 0
    assert facts["proposed"] == AHEAD
    assert "otherwise" in facts["why"]
    assert len(dealt) == 12


async def test_a_training_that_broke_is_taken_up_and_nothing_is_proposed_twice(tmp_path: Path) -> None:
    config, client = rules(tmp_path / "s"), Trained()
    with pytest.raises(RunError):
        await run(config, slowly(config, client, breaks=True))
    asked = len(client.meanwhile)
    assert asked == AHEAD
    await run(config, slowly(config, client))
    facts, _, _ = told(config)
    assert len(client.meanwhile) == asked
    assert facts["proposed"] == AHEAD
    assert facts["adopted"] > 0
