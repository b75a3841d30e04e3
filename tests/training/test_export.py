"""A session as a dataset: what is in the folder, what is left out, and that it stands whole or not at all."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from noria.errors import ConfigError, SessionError
from noria.identity import canonical_json, digest, sample_id
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.steps import stepping
from noria.memory.verification import verify
from noria.memory.withdrawals import withdrawing
from noria.training.export.card import cell, code, share, size
from noria.training.export.choice import FORMATS, Choice, Format
from noria.training.export.dataset import Inspection, Order, Written, write
from noria.training.export.files import read
from noria.training.export.manifest import exported, must_read
from noria.types import Policy, Probe, Step
from tests.build import attack, attempt, chained, config, episode, task

Rows = list[dict[str, Any]]


def out(story: History, to: Path, *formats: Format, look: Inspection | None = None, **changes: Any) -> Written:
    told: dict[str, Any] = {"session": story.ledger.path.parent, "held_out": 0.2, "formats": formats or ("sft",)}
    return write(story, Order(to=to, **told | changes), look or Inspection())


def found(to: Path, form: str = "sft") -> Rows:
    return [row for path in sorted((to / "data").glob(f"{form}-t*")) for row in read(path)]


def files(to: Path) -> dict[str, bytes]:
    return {str(path.relative_to(to)): path.read_bytes() for path in sorted(to.rglob("*")) if path.is_file()}


def test_every_accepted_answer_is_there_once_with_its_chat(story: History, tmp_path: Path) -> None:
    done = out(story, tmp_path / "data", *FORMATS)
    samples = {one.id: one for one in story.each(role="solver")}
    rows = found(tmp_path / "data")
    assert sorted(row["id"] for row in rows) == sorted(samples)
    for row in rows:
        one = samples[row["id"]]
        assert row["messages"] == [message.model_dump() for message in one.messages]
        assert (row["domain"], row["level"], row["source"]) == (
            one.provenance.domain, one.provenance.level, one.provenance.source
        )  # fmt: skip
        assert json.loads(row["provenance"])["task"] == one.provenance.task
    assert done.composition.tasks == len(samples)
    assert done.proof.holds
    assert done.proof.test > 0


def test_the_same_session_gives_the_same_bytes_wherever_it_lies(story: History, tmp_path: Path) -> None:
    out(story, tmp_path / "one", *FORMATS, container="parquet")
    copy = tmp_path / "elsewhere" / story.ledger.path.parent.name
    shutil.copytree(story.ledger.path.parent, copy)
    ledger = Ledger(copy)
    out(History(ledger), tmp_path / "two", *FORMATS, container="parquet")
    ledger.close()
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert str(tmp_path).encode() not in b"".join(files(tmp_path / "one").values())


def test_a_side_does_not_depend_on_format_or_filter(story: History, tmp_path: Path) -> None:
    out(story, tmp_path / "all", "sft", "preference")
    out(story, tmp_path / "some", "sft", choice=Choice(domains=("text_ops",)))
    sides = {row["episode"]: row["split"] for row in found(tmp_path / "all")}
    for row in found(tmp_path / "some") + found(tmp_path / "all", "preference"):
        assert row["split"] == sides[row["episode"]]
    assert {row["domain"] for row in found(tmp_path / "some")} == {"text_ops"}


def test_a_proposal_that_shows_a_held_out_task_is_not_in_train(story: History, tmp_path: Path) -> None:
    done = out(story, tmp_path / "data", choice=Choice(role="all"), held_out=0.4)
    rows = found(tmp_path / "data")
    asked = [row["messages"][-2]["content"] for row in rows if row["role"] == "solver" and row["split"] == "test"]
    shown = [row["messages"][-2]["content"] for row in rows if row["role"] == "generator" and row["split"] == "train"]
    assert shown
    assert done.left["its prompt shows a held-out task"]
    assert not [text for text in shown for one in asked if one in text]


def test_nothing_is_held_out_where_nothing_is_to_be(story: History, tmp_path: Path) -> None:
    done = out(story, tmp_path / "data", held_out=0.0)
    assert {row["split"] for row in found(tmp_path / "data")} == {"train"}
    front = yaml.safe_load((tmp_path / "data" / "README.md").read_text().split("---\n")[1])
    assert [one["split"] for one in front["configs"][0]["data_files"]] == ["train"]
    assert "nothing is held out" in done.proof.sentence


def test_what_is_unclean_at_export_stays_behind(story: History, tmp_path: Path) -> None:
    first = next(iter(story.each(role="solver")))
    look = Inspection(
        stain=lambda sample, episode: "unclean: email" if sample.id == first.id else "",
        screen=lambda text: "toxic" if text.endswith("7") else "",
    )
    done = out(story, tmp_path / "data", "sft", "preference", look=look)
    assert done.left["unclean: email"] == 1
    assert done.left["sft: its text holds toxic"] > 0
    rows = found(tmp_path / "data") + found(tmp_path / "data", "preference")
    assert first.id not in {row["sample"] for row in rows}
    said = [one["content"] for row in rows for name in ("messages", "chosen", "rejected") for one in row.get(name, [])]
    assert not [text for text in said if text.endswith("7")]


def played(folder: Path, *rows: tuple[Any, Any], **changes: Any) -> History:
    """A ledger with these accepted episodes and samples."""
    ledger = Ledger(folder, write=True)
    history = History(ledger)

    async def fill() -> None:
        await history.keep_fact("config", config(folder, **changes).model_dump_json())
        await history.keep_policy(Policy(id="policy-base", name="base", student=True), "base", "student")
        await history.keep_round(1, "ended")
        for number, (ended, own) in enumerate(rows):
            await history.settle(ended.model_copy(update={"position": number}), [own])

    asyncio.run(fill())
    return history


def accepted(number: int, *, said: str = "", **story: Any) -> tuple[Any, Any]:
    own = chained(number, shape=f"shape-{number}", signature=f"add:{number}", task=f"task-{number}", **story)
    if said:
        own = own.model_copy(
            update={"messages": (own.messages[0], own.messages[1].model_copy(update={"content": said}))}
        )
        own = own.model_copy(update={"id": sample_id(own.role, own.messages)})
    one = attempt(response=own.messages[-1].content)
    told = one.model_copy(update={"id": "attempt-1", "task": f"task-{number}"})
    draft = task(own.messages[0].content, id=f"task-{number}")
    return episode(f"episode-{number}", outcome="accepted", drafts=(draft,), attempts=(told,)), own


def test_what_rests_on_a_beaten_verifier_is_left_out_or_marked(tmp_path: Path) -> None:
    beaten = Probe(kind="shortcut", claim="", response="", by="program", held=True, evidence="passes", beat=True)
    broken = attack().model_copy(update={"probes": (beaten,)})
    odd = task(grounding=task().grounding.model_copy(update={"verifier": "odd@1"}))
    shown = episode("episode-99", drafts=(odd,), attacks=(broken,))
    history = played(tmp_path / "s", *(accepted(n) for n in range(4)), accepted(7, verifier="odd@1"))
    asyncio.run(history.settle(shown.model_copy(update={"position": 99})))
    done = out(history, tmp_path / "data")
    assert done.left["resting on a quarantined verifier alone"] == 1
    assert "odd@1" not in {row["verifier"] for row in found(tmp_path / "data")}
    out(history, tmp_path / "marked", choice=Choice(quarantined=True))
    assert {row["verifier"]: row["quarantined"] for row in found(tmp_path / "marked")} == {
        "arithmetic@1": False, "odd@1": True,
    }  # fmt: skip
    assert "was beaten" in (tmp_path / "marked" / "README.md").read_text()
    history.ledger.close()


def test_what_waits_for_a_persons_ruling_stays(tmp_path: Path) -> None:
    history = played(tmp_path / "s", *(accepted(n) for n in range(4)), approve={"samples": True})
    with pytest.raises(SessionError, match="waiting for a person's ruling: 4"):
        out(history, tmp_path / "data")
    first = next(history.each())
    told = Step(key="1", round=1, batch=1, kind="approve", name=first.id, said="approved", body={}, at=1.0)
    history.ledger.write_now(stepping(told))
    done = out(history, tmp_path / "data")
    assert [row["id"] for row in found(tmp_path / "data")] == [first.id]
    assert done.left == {"waiting for a person's ruling": 3}
    assert "A person steered it: approvals 1." in (tmp_path / "data" / "README.md").read_text()
    history.ledger.close()


def test_a_purge_takes_rows_out_and_moves_none_to_another_side(played: Path, tmp_path: Path) -> None:
    copy = tmp_path / played.name
    shutil.copytree(played, copy)
    ledger = Ledger(copy, write=True)
    history = History(ledger)
    out(history, tmp_path / "before")
    before = {row["id"]: row["split"] for row in found(tmp_path / "before")}
    gone = sorted(before)[:5]
    ledger.write_now(*withdrawing("ID…", 1.0, [("named", gone)]))
    done = out(history, tmp_path / "after")
    assert {row["id"]: row["split"] for row in found(tmp_path / "after")} == {
        key: side for key, side in before.items() if key not in gone
    }
    assert done.left["withdrawn by a purge"] == 5
    assert "5 samples of the session were withdrawn" in (tmp_path / "after" / "README.md").read_text()
    ledger.close()


def test_json_lines_need_no_library_that_an_extra_brings(played: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from noria.memory.history import History; "
        "from noria.memory.ledger import Ledger; from noria.training.export.dataset import Inspection, Order, write; "
        f"order = Order(Path({str(tmp_path / 'd')!r}), Path('s'), ('sft', 'kto')); "
        f"write(History(Ledger(Path({str(played)!r}))), order, Inspection()); "
        "print([one for one in ('pyarrow', 'huggingface_hub', 'datasets', 'torch') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "d" / "data" / "kto-train.jsonl").is_file()


def test_a_text_that_no_file_can_hold_is_counted_and_left(tmp_path: Path) -> None:
    history = played(tmp_path / "s", accepted(1), accepted(2), accepted(3, said="half a pair <|im_end|>"))
    done = out(history, tmp_path / "data", "sft", "chatml")
    assert done.left == {"chatml: its words hold a control token of ChatML": 1}
    assert len(found(tmp_path / "data")) == 3
    assert len(found(tmp_path / "data", "chatml")) == 2
    history.ledger.close()


def test_a_row_said_twice_goes_once_with_dedup(tmp_path: Path) -> None:
    rows = [accepted(1), accepted(2, asked="What is 1  + 2? "), accepted(3, asked="what is 1 + 2?"), accepted(4)]
    history = played(tmp_path / "s", *rows)
    assert len(out(history, tmp_path / "all").composition.parts["role"]) == 1
    assert len(found(tmp_path / "all")) == 4
    done = out(history, tmp_path / "once", choice=Choice(dedup=True))
    assert done.left["sft: it repeats an earlier row"] == 2
    history.ledger.close()


def test_a_broken_chain_is_not_exported(played: Path, tmp_path: Path) -> None:
    copy = tmp_path / "session"
    shutil.copytree(played, copy)
    with sqlite3.connect(copy / "ledger.db") as connection:
        connection.execute("UPDATE samples SET level = level + 1 WHERE sequence = 3")
    connection.close()
    ledger = Ledger(copy)
    with pytest.raises(SessionError, match="chain of accepted samples"):
        out(History(ledger), tmp_path / "data")
    ledger.close()
    assert not list(tmp_path.glob("*data*"))


def test_nothing_to_write_is_a_sentence_and_no_folder(story: History, tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="Nothing is left to write"):
        out(story, tmp_path / "data", choice=Choice(verdicts=("reject",)))
    assert list(tmp_path.iterdir()) == []


def test_again_is_the_same_and_another_needs_force(story: History, tmp_path: Path) -> None:
    to = tmp_path / "data"
    out(story, to)
    before = {path: path.stat().st_mtime_ns for path in to.rglob("*")}
    out(story, to)
    assert {path: path.stat().st_mtime_ns for path in to.rglob("*")} == before
    with pytest.raises(ConfigError, match="--force"):
        out(story, to, "kto")
    assert {path: path.stat().st_mtime_ns for path in to.rglob("*")} == before
    out(story, to, "kto", force=True)
    assert [path.name for path in sorted((to / "data").iterdir())] == ["kto-test.jsonl", "kto-train.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_is_no_export_is_never_replaced(story: History, tmp_path: Path) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter.md").write_text("words")
    for force in (False, True):
        with pytest.raises(ConfigError, match="is no export of Noria"):
            out(story, mine, force=force)
    assert files(mine) == {"chapter.md": b"words"}
    empty = tmp_path / "empty"
    empty.mkdir()
    out(story, empty)
    (empty / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=re.escape("'notes.txt', which is not of the export")):
        out(story, empty, "kto", force=True)
    assert (empty / "notes.txt").read_text() == "mine"


def test_a_neighbour_of_a_like_name_is_left_alone(story: History, tmp_path: Path) -> None:
    for name in ("data.old", "data.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine")
    out(story, tmp_path / "data")
    out(story, tmp_path / "data", "kto", force=True)
    assert all((tmp_path / name / "mine").read_text() == "mine" for name in ("data.old", "data.tmp"))


def test_who_was_killed_between_two_renames_loses_nothing(story: History, tmp_path: Path) -> None:
    out(story, tmp_path / "data")
    os.rename(tmp_path / "data", tmp_path / ".data.replaced")
    with pytest.raises(ConfigError, match="--force"):
        out(story, tmp_path / "data", "kto")
    assert exported(tmp_path / "data") is not None


def test_the_manifest_knows_every_byte(story: History, tmp_path: Path) -> None:
    to = tmp_path / "data"
    done = out(story, to, "sft", "preference")
    own = must_read(to)
    assert own == done.export
    assert set(own.files) | {"noria.json"} == set(files(to))
    assert (own.samples, own.head) == (verify(story.ledger).samples, verify(story.ledger).head)
    assert own.told["formats"]["sft"] == done.rows["sft"]
    for version in own.told["templates"]:
        text = (to / "prompts" / f"{version}.md").read_text()
        assert version == f"{version.split('@')[0]}@{digest(text)[:12]}"
    (to / "data" / "sft-train.jsonl").write_text("{}")
    with pytest.raises(SessionError, match="is not what was exported"):
        must_read(to)


def test_the_card_reads_as_a_hub_reads_it(story: History, tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    done = out(story, tmp_path / "data", *FORMATS, licence="cc-by-4.0", language=("en",), title="Sums & <b>words</b>")
    card = DatasetCard.load(tmp_path / "data" / "README.md")
    told = card.data.to_dict()
    assert (told["license"], told["language"], told["pretty_name"]) == ("cc-by-4.0", ["en"], "Sums & <b>words</b>")
    assert [one["config_name"] for one in told["configs"]] == list(FORMATS)
    assert {"synthetic", "noria"} <= set(told["tags"])
    assert told["size_categories"] == ["n<1K"]
    for one in told["configs"]:
        for side in one["data_files"]:
            assert (tmp_path / "data" / side["path"]).is_file()
    assert "# Sums &amp; &lt;b&gt;words&lt;/b&gt;" in card.content
    assert "**A dry run.**" in card.content
    assert "&id0" not in card.content
    assert done.proof.sentence in card.content
    assert "undefined" not in card.content.lower()


def test_a_licence_is_never_guessed(story: History, tmp_path: Path) -> None:
    out(story, tmp_path / "data")
    text = (tmp_path / "data" / "README.md").read_text()
    assert "license" not in yaml.safe_load(text.split("---\n")[1])
    assert "None was stated" in text


def test_a_name_is_shown_and_not_obeyed() -> None:
    assert cell("a|b\n# <script>`x`</script> **y** [z](u)") == (
        "a&#124;b # &lt;script&gt;&#96;x&#96;&lt;/script&gt; &#42;&#42;y&#42;&#42; &#91;z&#93;(u)"
    )
    assert cell("text_ops") == "text_ops"
    assert code("a`b|c\nd\x1b") == "`abc d`"
    assert code("") == "-"


def test_shares_are_never_rounded_to_nothing_or_all() -> None:
    assert [share(part) for part in (0, 0.001, 0.104, 0.999, 1)] == ["0 %", "0.1 %", "10 %", "99.9 %", "100 %"]
    assert [size(rows) for rows in (999, 1000, 99_999, 5_000_000)] == ["n<1K", "1K<n<10K", "10K<n<100K", "n>1M"]


def test_the_config_that_goes_along_names_no_machine(tmp_path: Path) -> None:
    from noria.training.export.facts import stripped

    own = config(
        tmp_path, student=str(tmp_path / "models" / "mine"), prompts=str(tmp_path / "words"),
        endpoints={"big": {"url": "http://10.0.0.7:8000/v1", "model": "big-model", "key_env": "MY_KEY"}},
        hygiene={"benchmarks": [str(tmp_path / "exam.jsonl")]}, domain_files=[str(tmp_path / "clock.py")],
    )  # fmt: skip
    text = canonical_json(stripped(own))
    assert str(tmp_path) not in text
    assert "10.0.0.7" not in text
    assert "MY_KEY" not in text
    assert all(word in text for word in ("big-model", "exam.jsonl", "clock.py", "mine"))
    assert stripped(own.model_copy(update={"student": "acme/tiny"}))["student"] == "acme/tiny"
