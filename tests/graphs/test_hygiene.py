"""What may not be learned, through the real graph: planted in every way, accepted in none."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import ConfigError
from noria.evaluators.contamination import Item
from noria.graphs.hygiene import Hygiene
from noria.graphs.run import run
from noria.inference.client import Request
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Episode, Reason, Sample, Stage
from tests import build
from tests.graphs.test_episode import one, script
from tests.graphs.test_injection import TOPICS

TOPIC = TOPICS[0]
ASKED = f"Please write about {TOPIC} using the word 'warm'."
SAID = f"People like {TOPIC} that feel warm."
PROPOSAL = {"skill": "include", "topic": TOPIC, "word": "warm", "instruction": ASKED}
HAND = {"domain": "constraints", "window": {"skill": "include", "topics": [TOPIC]}}


def played(folder: Path, said: str = SAID, benchmark: str = "", **hygiene: Any) -> tuple[Episode, list[Sample]]:
    if benchmark:
        (folder / "b.jsonl").write_text(json.dumps({"question": benchmark}))
        hygiene["benchmarks"] = (folder / "b.jsonl",)
    told = script(generator=PROPOSAL, solver=said)
    (episode,), samples, _ = one(folder, told, hand=HAND, domains={"constraints": (1,)}, hygiene=hygiene)
    return episode, samples


def test_a_clean_answer_is_accepted_and_says_that_it_was_read(tmp_path: Path) -> None:
    episode, samples = played(tmp_path)
    assert (episode.outcome, episode.sample) == ("accepted", samples[0].id)
    assert [check.passed for check in episode.checks if check.name == "hygiene"] == [True]
    assert all("hygiene" in sample.provenance.checks for sample in samples)


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("email", "ann at example dot com"),
        ("phone", "+49 30 901820"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("card", "4111 1111 1111 1111"),
        ("key", "password = 'sunflower'"),
        ("toxic", "f.u.c.k"),
    ],
)
def test_a_planted_secret_is_refused_with_its_kind_and_never_repeated(tmp_path: Path, kind: str, secret: str) -> None:
    episode, samples = played(tmp_path, f"{SAID} Write to {secret} today.")
    assert (episode.outcome, episode.reason, samples) == ("refused", Reason.UNCLEAN, [])
    assert episode.stage != Stage.ACCEPTED
    assert f"{kind}: " in episode.evidence
    assert secret[:6] not in episode.evidence
    assert [check.passed for check in episode.checks if check.name == "hygiene"] == [False]


@pytest.mark.parametrize("secret", ["ann@example.com", "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"])
def test_what_is_foreign_already_is_never_accepted_either(tmp_path: Path, secret: str) -> None:
    _, samples = played(tmp_path, f"{SAID} Write to {secret} today.")
    assert all(secret not in message.content for sample in samples for message in sample.messages)


def test_a_kind_that_is_off_is_let_through(tmp_path: Path) -> None:
    episode, _ = played(tmp_path, f"{SAID} Call +49 30 901820 today.", screen=("email",))
    assert episode.outcome == "accepted"


@pytest.mark.parametrize("item", [ASKED, ASKED.upper().replace("'", ""), f"Write about {TOPIC} using the word 'warm'."])
def test_an_item_of_a_benchmark_is_refused_copied_or_reworded(tmp_path: Path, item: str) -> None:
    episode, samples = played(tmp_path, benchmark=item)
    assert (episode.reason, samples) == (Reason.CONTAMINATED, [])
    assert "b.jsonl:1 asks" in episode.evidence


def test_an_item_in_the_same_frame_is_another_task(tmp_path: Path) -> None:
    episode, _ = played(tmp_path, benchmark=f"Please write about {TOPICS[1]} using the word 'warm'.")
    assert episode.outcome == "accepted"


def test_an_answer_that_holds_an_item_is_refused(tmp_path: Path) -> None:
    item = "A museum of clocks opens at nine, and each of its seven rooms takes a visitor half an hour to see."
    episode, _ = played(tmp_path, f"{SAID} {item}", benchmark=item)
    assert episode.reason is Reason.CONTAMINATED


def row(asked: str, said: str = "42") -> str:
    return json.dumps({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]})


def session(folder: Path, *rows: str, benchmark: tuple[str, ...] = (), **changes: Any) -> SessionConfig:
    hygiene: dict[str, Any] = {}
    if rows:
        (folder / "rows.jsonl").write_text("\n".join(rows))
        changes["seeds"] = {"rows": folder / "rows.jsonl"}
    if benchmark:
        (folder / "b.jsonl").write_text("\n".join(json.dumps({"prompt": text}) for text in benchmark))
        hygiene["benchmarks"] = (folder / "b.jsonl",)
    return build.config(folder, hygiene=hygiene, **changes)


def test_rows_that_may_not_be_learned_are_neither_dealt_nor_anchors_and_are_counted(tmp_path: Path) -> None:
    near = "Name the city that is the capital of Australia, please."
    settings = session(
        tmp_path, row("What is 3 and 4?"), row("Write to ann@example.com."), row("Call me", "+49 30 901820"), row(near),
        benchmark=("Name the city which is the capital of Australia.",),
        train={"min_rows": 1, "anchors": 9.0}, stop={"rounds": 2},
    )  # fmt: skip
    summary = asyncio.run(run(settings, build.means(settings)))
    for played_round in summary["rounds"]:
        assert played_round["unclean"] == {"benchmark": 1, "email": 1, "phone": 1}
        assert played_round["rows"]["anchor"] == 1
    ledger = Ledger(settings.session)
    history = History(ledger)
    shown = {hand.seed.text for number in (1, 2) for hand in history.deal(number)}
    ledger.close()
    assert shown == {"What is 3 and 4?", "arithmetic"}


def test_the_session_without_plants_is_played_as_if_nobody_looked(tmp_path: Path) -> None:
    def accepted(name: str, **hygiene: Any) -> list[str]:
        (tmp_path / name).mkdir()
        settings = build.config(tmp_path / name, play={"episodes": 30, "attempts": 2}, hygiene=hygiene)
        asyncio.run(run(settings, build.means(settings)))
        ledger = Ledger(settings.session)
        found = sorted(sample.id for sample in History(ledger).samples())
        ledger.close()
        return found

    looked = accepted("looked")
    assert looked
    assert looked == accepted("blind", screen=())


def test_a_benchmark_that_is_newer_than_the_sample_takes_it_out_at_curation(tmp_path: Path) -> None:
    settings = session(tmp_path)
    asyncio.run(run(settings, build.means(settings)))
    ledger = Ledger(settings.session)
    history = History(ledger)
    taken = history.samples(role="solver")[0]
    item = Item("new:1", taken.messages[-2].content)
    domains, embed = {"arithmetic": build.SHIPPED["arithmetic"]}, StaticEmbedder().embed
    newer, older = Hygiene(settings, domains, embed, [item]), Hygiene(settings, domains, embed, [])
    assert older.unclean(history, 2) == {}
    found = newer.unclean(history, 2)
    ledger.close()
    assert set(found.values()) == {"benchmark"}
    episodes = {sample.id: sample.provenance.episode for sample in [taken]}
    assert taken.id in found
    assert len(episodes) == 1
    assert newer.fingerprint != older.fingerprint


def test_an_exam_asks_nothing_whose_solution_was_taught(tmp_path: Path) -> None:
    settings = session(tmp_path, play={"episodes": 60, "attempts": 2}, domains={"arithmetic": (1,)}, exam={"items": 20})
    asyncio.run(run(settings, build.means(settings)))
    ledger = Ledger(settings.session)
    history = History(ledger)
    taught = {sample.provenance.signature for sample in history.samples()}
    asked = {item.task.grounding.signature for item in history.exam_items(1)}
    ledger.close()
    assert taught
    assert asked
    assert not taught & asked


def test_a_malformed_benchmark_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    settings = session(tmp_path, benchmark=("ok",))
    (tmp_path / "b.jsonl").write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        asyncio.run(run(settings, build.means(settings)))
    assert not settings.session.exists()


def test_nobody_but_the_turn_holds_the_secret_that_was_refused(tmp_path: Path) -> None:
    def solver(request: Request) -> str:
        return f"{SAID} Call +49 30 901820 today."

    told = script(generator=PROPOSAL, solver=solver)
    (episode,), samples, turns = one(tmp_path, told, hand=HAND, domains={"constraints": (1,)})
    assert samples == []
    assert "901820" not in episode.evidence
    assert any("901820" in reply for turn in turns for reply in turn.replies)
